#include "app/scenario/script.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "app/scenario/told.hpp"

namespace plo::app::scenario {

namespace {

struct product {
  std::string_view sku, label;
  double price;
};
struct trade {
  std::string_view type;
  std::array<product, 4> products;
};
constexpr std::array<trade, 3> trades{{
    {"kitchen", {{{"KIT-BASE-60", "Base unit 60 cm, oak", 189}, {"KIT-TOP-240", "Worktop 240 cm", 320}, {"KIT-SINK-1", "Sink, one bowl", 149}, {"KIT-HOOD-90", "Extractor hood 90 cm", 410}}}},
    {"bathroom", {{{"BAT-SHOWER-120", "Shower tray 120 x 90", 379}, {"BAT-VANITY-80", "Vanity unit 80 cm", 299}, {"BAT-WC-RIM", "Wall-hung toilet", 259}, {"BAT-MIX-THERM", "Thermostatic mixer", 129}}}},
    {"renovation", {{{"REN-FLOOR-OAK", "Oak floor, 20 m2", 780}, {"REN-DOOR-83", "Door 83 cm", 145}, {"REN-PAINT-10", "Paint, 10 l", 89}, {"REN-INSUL-100", "Insulation 100 mm", 410}}}},
}};
constexpr std::array<std::string_view, 5> stores{"FR-LYON", "FR-LILLE", "FR-NANTES", "FR-PARIS-EST", "FR-TOULOUSE"};
constexpr std::array<std::string_view, 4> stations{"ST-LYON", "ST-LILLE", "ST-NANTES", "ST-PARIS"};
constexpr std::array<std::string_view, 3> carriers{"north-freight", "rapid-road", "coastline"};
constexpr std::array<std::string_view, 3> suppliers{"SUP-CABINETS", "SUP-CERAMICS", "SUP-TIMBER"};

using std::chrono::hours;
using std::chrono::minutes;

milliseconds days(double d) { return std::chrono::round<milliseconds>(std::chrono::duration<double, std::ratio<86400>>(d)); }

/// Plays one project. Each part returns when the next may begin.
class course {
public:
  course(const script_options& options, std::mt19937_64& random) : options_(options), random_(random), tell_(options) {
    what_ = options.what;
    trade_ = &pick(trades);
    station_ = pick(stations);
    carrier_ = pick(carriers);
    supplier_ = pick(suppliers);
    orders_ = what_ == twist::none && below(3) == 0 ? 2 : 1;
    promised_ = options.tz.day_of(options.start + days(32));
  }

  script play() {
    auto now = before_the_order(options_.start);
    if (!stuck_) now = ordering(now);
    if (!stuck_) now = shipping(now);
    if (!stuck_) now = delivering(now);
    if (!stuck_) now = installing(now);
    if (!stuck_) after(now);
    return tell_.finish(trouble_at_);
  }

private:
  std::uint64_t below(std::uint64_t n) { return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random_); }
  template <class List>
  const typename List::value_type& pick(const List& list) {
    return list[below(list.size())];
  }
  bool is(twist t) const { return what_ == t; }
  /// The twist is told at this moment.
  void trouble(instant at) { trouble_at_ = at; }
  /// Nothing follows: something that should have been said by then is not.
  instant stop(instant due) {
    stuck_ = true;
    trouble_at_ = due;
    return due;
  }
  instant at_hour(local_day day, int hour) const { return options_.tz.at(day, hours(hour)); }
  std::string order_ref(int i) const { return fmt::format("{}-O{}", tell_.ref(), i + 1); }

  instant before_the_order(instant t) {
    tell_.say(t, "ecommerce", "project.created", [&](json_writer& w) {
      w.field("customer_id", fmt::format("C-{:05}", options_.number)).field("customer_name", fmt::format("Client {:05}", options_.number));
      w.field("customer_email", fmt::format("client{:05}@example.org", options_.number)).field("project_type", trade_->type);
      w.field("channel_origin", below(2) == 0 ? "store" : "web").field("store_id", pick(stores)).field("installation_required", true);
    });
    tell_.say(t + minutes(20), "inspiration_tool", "inspiration.started");
    tell_.say(t + days(1), "inspiration_tool", "inspiration.completed");
    if (is(twist::no_quote)) return stop(t + days(15));
    const auto quoted = t + days(3);
    tell_.say(quoted, "crm", "quote_products.created", [&](json_writer& w) {
      w.field("quote_id", tell_.ref() + "-Q").field("valid_until", format_instant(quoted + days(20))).key("lines").begin_array();
      for (const auto& p : trade_->products)
        w.begin_object().field("sku", p.sku).field("qty", 1).field("catalog_status", is(twist::discontinued_product) && &p == &trade_->products[1] ? "discontinued" : "available").end_object();
      w.end_array();
    });
    if (is(twist::discontinued_product)) return stop(quoted);
    tell_.say(quoted + hours(5), "crm", "quote_products.sent", [&](json_writer& w) { w.field("quote_id", tell_.ref() + "-Q"); });
    if (is(twist::quote_expired)) {
      tell_.say(quoted + days(20), "crm", "quote_products.expired", [&](json_writer& w) { w.field("quote_id", tell_.ref() + "-Q"); });
      return stop(quoted + days(20));
    }
    const auto accepted = t + days(6);
    tell_.say(accepted, "crm", "quote_products.accepted", [&](json_writer& w) { w.field("quote_id", tell_.ref() + "-Q"); });
    if (is(twist::no_installation_quote)) return stop(accepted + hours(48));
    tell_.say(accepted + days(1), "wfm", "quote_installation.created");
    tell_.say(accepted + days(1.2), "wfm", "quote_installation.sent");
    tell_.say(accepted + days(2), "wfm", "quote_installation.accepted");
    return t + days(9);
  }

  instant ordering(instant t) {
    // A shortage close to delivery and a picking that never starts need an order that is promised soon.
    if (is(twist::shortage_close_to_delivery) || is(twist::picking_not_started)) promised_ = options_.tz.day_of(t + days(3));
    for (int i = 0; i < orders_; ++i) {
      tell_.say(t + minutes(i), "erp", "order.confirmed", [&](json_writer& w) {
        w.field("order_ref", order_ref(i)).field("promised_delivery_date", promised_).field("promised_installation_date", promised_ + date::days(2));
        w.field("installation_required", true).key("delivery_address").begin_object().field("city", "Lyon").field("postal_code", "69003").field("country", "FR").end_object();
        w.key("lines").begin_array();
        for (std::size_t k = static_cast<std::size_t>(i) * 2; k < (orders_ == 1 ? 4u : static_cast<std::size_t>(i) * 2 + 2); ++k) {
          const auto& p = trade_->products[k];
          w.begin_object().field("sku", p.sku).field("label", p.label).field("qty", 1 + static_cast<int>(below(3))).field("unit_price", p.price);
          w.field("main", k == 0).field("warehouse", "WH-CENTRAL").end_object();
        }
        w.end_array();
      });
    }
    const auto first = [&](json_writer& w) { w.field("order_ref", order_ref(0)); };
    const auto with_skus = [&](json_writer& w) { first(w); w.key("skus").begin_array().value(trade_->products[2].sku).end_array(); };
    if (is(twist::shortage_close_to_delivery)) return tell_.say(t + hours(20), "erp", "stock.shortage", with_skus), stop(t + hours(20));
    if (is(twist::partial_stock)) tell_.say(t + hours(20), "erp", "stock.partial", with_skus), trouble(t + hours(20));
    for (int i = 0; i < orders_; ++i)
      if (!is(twist::partial_stock)) tell_.say(t + days(1), "erp", "stock.check_ok", [&](json_writer& w) { w.field("order_ref", order_ref(i)); });
    if (is(twist::replacement_not_validated)) {
      tell_.say(t + days(1.2), "erp", "order.line_replaced", [&](json_writer& w) {
        first(w);
        w.field("sku", trade_->products[1].sku).field("replacement_sku", std::string(trade_->products[1].sku) + "-B").field("customer_validated", false);
      });
      return stop(t + days(1.2));
    }
    if (is(twist::picking_not_started)) return stop(options_.tz.at(promised_) - hours(8));
    const auto picked = t + days(3);
    for (int i = 0; i < orders_; ++i) tell_.say(picked, "oms", "picking.started", [&](json_writer& w) { w.field("order_ref", order_ref(i)); });
    if (is(twist::picking_discrepancy)) return tell_.say(picked + hours(3), "oms", "picking.discrepancy", with_skus), stop(picked + hours(3));
    for (int i = 0; i < orders_; ++i) tell_.say(picked + hours(7), "oms", "picking.completed", [&](json_writer& w) { w.field("order_ref", order_ref(i)); });
    return picked + days(1);
  }

  void shipment(json_writer& w, int i, instant eta) {
    w.field("shipment_id", fmt::format("{}-S{}", tell_.ref(), i + 1)).field("order_ref", order_ref(i)).field("leg_number", 1).field("last_leg", true);
    w.field("origin_type", "supplier").field("origin_ref", supplier_).field("destination_station_id", station_).field("destination_station_name", fmt::format("Station {}", station_.substr(3)));
    w.field("carrier", carrier_).field("estimated_arrival", eta);
  }

  instant shipping(instant t) {
    // Carriers differ: that is what the risk estimate learns.
    const double longest = carrier_ == "rapid-road" ? 4 : carrier_ == "coastline" ? 9 : 6;
    const auto arrival = t + days(2 + static_cast<double>(below(static_cast<std::uint64_t>(longest * 24))) / 24);
    instant last = arrival;
    for (int i = 0; i < orders_; ++i) {
      const auto arrived = arrival + hours(5 * i);
      last = std::max(last, arrived);
      const auto about = [&](json_writer& w) { shipment(w, i, arrived); };
      tell_.say(t + minutes(30 * i), "tms", "shipment.dispatched", about);
      if (i == 0 && is(twist::silent_shipment)) return stop(t + hours(24));
      const auto reports = t + hours(18);
      for (auto at = reports; at < arrived; at += hours(20)) {
        tell_.say(at, "tms", "shipment.in_transit", about);
        const bool soon = at == reports;
        if (i != 0 || !soon) continue;
        if (is(twist::discrepancy_after_dispatch)) return tell_.say(at + hours(1), "oms", "picking.discrepancy", [&](json_writer& w) { w.field("order_ref", order_ref(0)); }), stop(at + hours(1));
        if (is(twist::shipment_exception)) tell_.say(at + hours(1), "tms", "shipment.exception", about), stop(at + hours(1));
        if (is(twist::eta_too_late)) tell_.say(at + hours(1), "tms", "shipment.eta_updated", [&](json_writer& w) { shipment(w, 0, options_.tz.at(promised_ + date::days(4), hours(9))); }), stop(at + hours(1));
        if (stuck_) return at;
        if (is(twist::not_consolidated_in_time)) return keep_reporting(at, options_.tz.at(promised_ - date::days(3)));
      }
      tell_.say(arrived, "tms", "shipment.arrived_at_station", [&](json_writer& w) { shipment(w, i, arrived); w.field("actual_arrival", arrived); });
      tell_.say(arrived + minutes(10), "oms", "consolidation.order_arrived", [&](json_writer& w) { consolidation(w); w.field("order_ref", order_ref(i)); });
    }
    if (is(twist::consolidation_exception)) return tell_.say(last + hours(2), "oms", "consolidation.exception", [&](json_writer& w) { consolidation(w); w.field("reason", "a pallet fell"); }), stop(last + hours(2));
    if (is(twist::consolidation_eta_too_late))
      return tell_.say(last + hours(2), "oms", "consolidation.eta_updated", [&](json_writer& w) { consolidation(w); w.field("estimated_complete_date", promised_ + date::days(3)); }), stop(last + hours(2));
    tell_.say(last + minutes(30), "oms", "consolidation.complete", [&](json_writer& w) { consolidation(w); });
    return last + days(1);
  }

  /// The shipment is on the road and says so, but does not arrive.
  instant keep_reporting(instant from, instant until) {
    for (auto at = from + hours(20); at < until; at += hours(20)) tell_.say(at, "tms", "shipment.in_transit", [&](json_writer& w) { shipment(w, 0, until - hours(10)); });
    return stop(until);
  }

  void consolidation(json_writer& w) { w.field("consolidation_id", tell_.ref() + "-K").field("station_id", station_).field("station_name", fmt::format("Station {}", station_.substr(3))); }

  void slot(json_writer& w, local_day day) {
    w.field("lastmile_id", tell_.ref() + "-L").field("carrier", "last-mile-" + std::string(carrier_)).field("scheduled_date", day);
    w.key("time_slot").begin_object().field("start", "08:00").field("end", "12:00").end_object();
  }
  void delivery(json_writer& w) { w.field("lastmile_id", tell_.ref() + "-L").field("carrier", "last-mile-" + std::string(carrier_)); }

  instant delivering(instant t) {
    const auto day = std::max(promised_ - date::days(2), options_.tz.day_of(t) + date::days(1));
    if (is(twist::no_slot_before_installation)) {
      const auto start = at_hour(options_.tz.day_of(t) + date::days(6), 9);
      return schedule_installation(t, start), stop(start - days(5));
    }
    if (is(twist::slot_before_consolidation)) {
      // Another order comes after the station had everything.
      tell_.say(t, "erp", "order.confirmed", [&](json_writer& w) {
        w.field("order_ref", order_ref(7)).field("promised_delivery_date", promised_).key("lines").begin_array();
        w.begin_object().field("sku", "EXTRA-1").field("qty", 1).end_object().end_array();
      });
      return tell_.say(t + hours(2), "tms_lastmile", "lastmile.scheduled", [&](json_writer& w) { slot(w, day); }), stop(t + hours(2));
    }
    tell_.say(t, "tms_lastmile", "lastmile.scheduled", [&](json_writer& w) { slot(w, day); });
    const auto morning = at_hour(day, 8);
    if (is(twist::rescheduled_shortly_before)) return tell_.say(morning - hours(20), "tms_lastmile", "lastmile.rescheduled", [&](json_writer& w) { slot(w, day + date::days(3)); }), stop(morning - hours(20));
    const bool too_early = is(twist::installation_before_delivery) || is(twist::partial_close_to_installation);
    if (too_early) schedule_installation(t + hours(4), at_hour(day + date::days(1), 9));
    if (is(twist::installation_before_delivery)) return stop(t + hours(4));
    tell_.say(morning - minutes(25), "tms_lastmile", "lastmile.in_transit", [&](json_writer& w) { delivery(w); });
    if (is(twist::delivery_not_reported)) return stop(at_hour(day, 12) + hours(4));
    const auto rung = morning + hours(2);
    if (is(twist::delivery_failed)) return tell_.say(rung, "tms_lastmile", "lastmile.failed", [&](json_writer& w) { delivery(w); w.field("reason", "nobody at home"); }), stop(rung);
    if (is(twist::partial_without_consent) || is(twist::partial_close_to_installation)) {
      tell_.say(rung, "tms_lastmile", "lastmile.partial_delivered", [&](json_writer& w) { delivery(w); w.field("is_partial", true).key("missing_order_ids").begin_array().value(order_ref(0)).end_array(); });
      return stop(rung);
    }
    tell_.say(rung, "tms_lastmile", "lastmile.delivered", [&](json_writer& w) { delivery(w); w.field("is_partial", false); });
    if (is(twist::damaged)) return tell_.say(rung + hours(1), "tms_lastmile", "lastmile.damaged", [&](json_writer& w) { delivery(w); w.field("reason", "worktop cracked"); }), stop(rung + hours(1));
    return rung + hours(4);
  }

  void installation(json_writer& w) { w.field("installation_id", tell_.ref() + "-I").field("installer_id", "INST-7").field("technician_id", "TECH-21"); }

  void schedule_installation(instant said, instant start) {
    tell_.say(said, "wfm", "installation.scheduled", [&](json_writer& w) {
      installation(w);
      w.field("scheduled_start", start).field("scheduled_end", start + hours(8)).key("trained_for").begin_array();
      if (!is(twist::untrained_installer)) w.value(trade_->type);
      else w.value("garden");
      w.end_array();
    });
  }

  instant installing(instant t) {
    const auto start = at_hour(options_.tz.day_of(t) + date::days(2), 9);
    schedule_installation(t, start);
    if (is(twist::untrained_installer)) return stop(t);
    if (is(twist::installation_not_started)) return stop(start + hours(2));
    const auto about = [&](json_writer& w) { installation(w); };
    tell_.say(start + minutes(10), "wfm", "installation.started", about);
    if (is(twist::installation_issue) || is(twist::blocking_issue))
      return tell_.say(start + hours(3), "wfm", "installation.issue", [&](json_writer& w) { installation(w); w.field("severity", is(twist::blocking_issue) ? "blocking" : "minor").field("reason", "the wall is not straight"); }), stop(start + hours(3));
    if (is(twist::installation_partial)) return tell_.say(start + hours(7), "wfm", "installation.partial", about), stop(start + hours(7));
    const auto ended = start + hours(7);
    tell_.say(ended, "wfm", "installation.completed", about);
    if (is(twist::no_report)) return stop(ended + hours(4));
    tell_.say(ended + minutes(30), "wfm", "installation.report_submitted", [&](json_writer& w) {
      installation(w);
      w.key("customer_signature").begin_object().field("signed", !is(twist::report_not_signed)).field("reason", is(twist::report_not_signed) ? "a scratch on the door" : "").end_object();
    });
    if (is(twist::report_not_signed)) return stop(ended + minutes(30));
    tell_.say(ended + hours(1), "wfm", "installation.closed", about);
    return ended + hours(15);
  }

  void after(instant t) {
    tell_.say(t, "crm", "quality.survey_sent");
    if (is(twist::no_survey_answer)) return (void)stop(t + days(5));
    tell_.say(t + days(2), "crm", "quality.survey_completed", [&](json_writer& w) { w.field("score", is(twist::unhappy_client) ? 2 : 4 + static_cast<int>(below(2))).field("scale", 5); });
    if (is(twist::unhappy_client)) trouble(t + days(2));
  }

  const script_options& options_;
  std::mt19937_64& random_;
  teller tell_;
  twist what_;
  const trade* trade_ = nullptr;
  std::string_view station_, carrier_, supplier_;
  int orders_ = 1;
  local_day promised_{};
  bool stuck_ = false;
  instant trouble_at_{};
};

}  // namespace

script make_script(const script_options& options, std::mt19937_64& random) { return course(options, random).play(); }

}  // namespace plo::app::scenario
