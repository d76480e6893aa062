// The Dubois family's kitchen, told from the first idea to the survey.
#include "app/scenario/told.hpp"

namespace plo::app::scenario {

using std::chrono::hours;
using std::chrono::minutes;

script dubois_script(instant start, const zone& tz) {
  teller tell("DUBOIS-2025");
  const auto day = [&](int n, int hour = 10) { return tz.at(tz.day_of(start) + date::days(n), hours(hour)); };
  const auto promised = tz.day_of(start) + date::days(35);
  const std::string cabinets = "CMD-DUBOIS-1", appliances = "CMD-DUBOIS-2";
  const auto about = [](const std::string& order) { return [&order](json_writer& w) { w.field("order_ref", order); }; };

  tell.say(day(0), "ecommerce", "project.created", [&](json_writer& w) {
    w.field("customer_id", "C-DUBOIS").field("customer_name", "Famille Dubois").field("customer_email", "dubois@example.org");
    w.field("project_type", "kitchen").field("channel_origin", "store").field("store_id", "FR-LYON").field("installation_required", true);
    w.field("promised_installation_date", promised + date::days(3));
  });
  tell.say(day(0, 11), "inspiration_tool", "inspiration.started");
  tell.say(day(2), "inspiration_tool", "inspiration.completed");
  tell.say(day(2, 11), "inspiration_tool", "inspiration.converted");
  tell.say(day(4), "crm", "quote_products.created", [](json_writer& w) {
    w.field("quote_id", "Q-DUBOIS").key("lines").begin_array();
    for (const auto* sku : {"KIT-BASE-60", "KIT-WALL-60", "KIT-TOP-240", "KIT-SINK-2", "KIT-OVEN-1"})
      w.begin_object().field("sku", sku).field("qty", 1).field("catalog_status", "available").end_object();
    w.end_array();
  });
  tell.say(day(4, 15), "crm", "quote_products.sent", [](json_writer& w) { w.field("quote_id", "Q-DUBOIS"); });
  tell.say(day(7), "crm", "quote_products.accepted", [](json_writer& w) { w.field("quote_id", "Q-DUBOIS"); });
  tell.say(day(8), "wfm", "quote_installation.created");
  tell.say(day(8, 12), "wfm", "quote_installation.sent");
  tell.say(day(9), "wfm", "quote_installation.accepted");

  const auto line = [](json_writer& w, const char* id, const char* sku, const char* label, int qty, double price, bool main) {
    w.begin_object().field("line_id", id).field("sku", sku).field("label", label).field("qty", qty).field("unit_price", price);
    w.field("main", main).field("installation_required", true).field("warehouse", "WH-CENTRAL").end_object();
  };
  const auto address = [](json_writer& w, const char* name, const char* street, const char* code) {
    w.key(name).begin_object().field("street", street).field("city", "Lyon").field("postal_code", code).field("country", "FR").end_object();
  };
  tell.say(day(10), "erp", "order.confirmed", [&](json_writer& w) {
    w.field("order_ref", cabinets).field("customer_id", "C-DUBOIS").field("promised_delivery_date", promised).field("promised_installation_date", promised + date::days(3));
    w.field("installation_required", true).field("lead_time_days", 25);
    address(w, "delivery_address", "12 rue des Tilleuls", "69003");
    address(w, "installation_address", "12 rue des Tilleuls", "69003");
    w.key("lines").begin_array();
    line(w, "1", "KIT-BASE-60", "Base unit 60 cm, oak", 6, 189, true);
    line(w, "2", "KIT-WALL-60", "Wall unit 60 cm, oak", 4, 129, false);
    line(w, "3", "KIT-TOP-240", "Worktop 240 cm, oak", 2, 320, false);
    w.end_array();
  });
  tell.say(day(10, 11), "erp", "order.confirmed", [&](json_writer& w) {
    w.field("order_ref", appliances).field("customer_id", "C-DUBOIS").field("promised_delivery_date", promised).field("installation_required", true);
    // The appliances wait at the parents' house until the kitchen is there.
    address(w, "delivery_address", "3 place du Marche", "69100");
    address(w, "installation_address", "12 rue des Tilleuls", "69003");
    w.key("lines").begin_array();
    line(w, "1", "KIT-SINK-2", "Sink, two bowls", 1, 219, true);
    line(w, "2", "KIT-OVEN-1", "Oven", 1, 549, false);
    w.end_array();
  });
  int leg = 0;
  for (const auto* order : {&cabinets, &appliances}) {
    const int later = leg++;
    const auto id = fmt::format("SHP-DUBOIS-{}", leg);
    tell.say(day(11, 9 + later), "erp", "stock.check_ok", about(*order));
    tell.say(day(14 + later), "oms", "picking.started", about(*order));
    tell.say(day(14 + later, 16), "oms", "picking.completed", about(*order));
    const auto eta = day(19 + later, 15);
    const auto moving = [&, id](json_writer& w) {
      w.field("shipment_id", id).field("order_ref", *order).field("leg_number", 1).field("last_leg", true).field("origin_type", "warehouse").field("origin_ref", "WH-CENTRAL");
      w.field("destination_station_id", "ST-LYON").field("destination_station_name", "Station LYON").field("carrier", "north-freight").field("estimated_arrival", eta);
    };
    tell.say(day(16 + later, 7), "tms", "shipment.dispatched", moving);
    for (auto at = day(16 + later, 22); at < eta; at += hours(20)) tell.say(at, "tms", "shipment.in_transit", moving);
    tell.say(eta, "tms", "shipment.arrived_at_station", [&](json_writer& w) { moving(w); w.field("actual_arrival", eta); });
    tell.say(eta + minutes(20), "oms", "consolidation.order_arrived", [&](json_writer& w) { w.field("consolidation_id", "CON-DUBOIS").field("station_id", "ST-LYON").field("station_name", "Station LYON").field("order_ref", *order); });
  }
  tell.say(day(21), "oms", "consolidation.complete", [](json_writer& w) { w.field("consolidation_id", "CON-DUBOIS").field("station_id", "ST-LYON"); });
  const auto delivery = [](json_writer& w) { w.field("lastmile_id", "LM-DUBOIS").field("carrier", "last-mile-lyon"); };
  const auto delivered_on = tz.day_of(start) + date::days(33);
  tell.say(day(22), "tms_lastmile", "lastmile.scheduled", [&](json_writer& w) {
    delivery(w);
    w.field("scheduled_date", delivered_on).key("time_slot").begin_object().field("start", "08:00").field("end", "12:00").end_object();
  });
  tell.say(day(33, 8), "tms_lastmile", "lastmile.in_transit", delivery);
  tell.say(day(33, 11), "tms_lastmile", "lastmile.delivered", [&](json_writer& w) { delivery(w); w.field("is_partial", false).field("pod_url", "https://example.org/pod/LM-DUBOIS"); });
  const auto installation = [](json_writer& w) { w.field("installation_id", "INS-DUBOIS").field("installer_id", "INST-3").field("technician_id", "TECH-8"); };
  tell.say(day(33, 15), "wfm", "installation.scheduled", [&](json_writer& w) {
    installation(w);
    w.field("scheduled_start", day(36, 9)).field("scheduled_end", day(36, 17)).key("trained_for").begin_array().value("kitchen").value("bathroom").end_array();
  });
  tell.say(day(36, 9), "wfm", "installation.started", installation);
  tell.say(day(36, 16), "wfm", "installation.completed", installation);
  tell.say(day(36, 17), "wfm", "installation.report_submitted", [&](json_writer& w) { installation(w); w.key("customer_signature").begin_object().field("signed", true).end_object(); });
  tell.say(day(37), "wfm", "installation.closed", installation);
  tell.say(day(38), "crm", "quality.survey_sent");
  tell.say(day(40), "crm", "quality.survey_completed", [](json_writer& w) { w.field("score", 5).field("scale", 5); });
  return tell.finish({});
}

std::string ingest_body(const source_event& e, instant occurred_at) {
  json_writer body;
  body.begin_object().field("source", e.source).field("source_ref", e.source_ref).field("event_type", e.event_type);
  body.field("project_ref", e.project_ref).field("occurred_at", occurred_at).field_raw("payload", e.payload).end_object();
  return body.str();
}

}  // namespace plo::app::scenario
