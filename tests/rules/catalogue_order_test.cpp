// ANO-01 02 03 08 16 21 26 27 28: rules about an order.
#include "tests/rules/catalogue_events.hpp"

namespace plo::spec {

namespace {

// Promised for 2025-06-20: that day begins on 06-19 22:00 UTC in Paris.
const auto shortage = [](std::string_view when) { return about("stock.shortage", when, R"("skus":["A"])"); };
const auto discrepancy = [](std::string_view when) { return about("picking.discrepancy", when); };
const auto shipped = [](std::string_view when, std::string_view what = "dispatched", std::string_view more = "") {
  return about("shipment." + std::string(what), when, R"("shipment_id":"S1")" + std::string(more));
};
const auto eta = [](std::string_view when, std::string_view arrival) {
  return shipped(when, "eta_updated", fmt::format(R"(,"estimated_arrival":"{}")", arrival));
};
const auto replaced = [](std::string_view when, std::string_view more, std::string_view sku = "A") {
  return about("order.line_replaced", when, fmt::format(R"("sku":"{}","replacement_sku":"B"{})", sku, more));
};
const auto cancelled = [](std::string_view when) { return about("order.cancelled", when); };

std::vector<firing> firings() {
  return {
      {"ANO-01", {ordered(), shortage("2025-06-16T22:00:00.001Z")}, "critical order O1",
       {"email:buyer", "email:coordinator", "ticket:crm/to_validate"},
       {R"({"path":"order.delivery_start","value":"2025-06-20"})", R"({"path":"params.within","value":"PT72H"})"}},
      {"ANO-02", {ordered(), discrepancy("06-10 08:00")}, "critical order O1", {"email:warehouse"},
       {R"({"path":"order.dispatched","value":false})"}, "", "shipment_dispatched"},
      {"ANO-03", {ordered(), shipped("06-09 08:00"), discrepancy("06-10 08:00")}, "critical order O1",
       {"email:installer", "email:tms_ops", "ticket:crm"}, {R"({"path":"order.dispatched","value":true})"}},
      {"ANO-08", {ordered()}, "warning order O1", {"email:warehouse"},
       {R"({"path":"order.steps.picking_preparation.started_at","value":null})"}, "06-19 14:00"},
      {"ANO-16", {ordered(), eta("06-10 08:00", "2025-06-20T22:00:00Z")}, "critical order O1", {"email:coordinator", "ticket:crm/to_validate"},
       {R"("path":"event.payload.estimated_arrival")", R"({"path":"order.promised_delivery_date","value":"2025-06-20"})"}},
      {"ANO-21", {ordered(), shipped("06-10 08:00")}, "warning order O1", {"email:ops"},
       {R"({"path":"order.in_transit","value":true})"}, "06-11 08:00"},
      {"ANO-26", {ordered(), shortage("06-16 22:00")}, "warning order O1", {"email:buyer", "email:coordinator"},
       {R"({"path":"event.raised","value":[]})"}},
      {"ANO-27", {ordered(), replaced("06-10 08:00", R"(,"customer_validated":false)")}, "critical order O1", {"email:coordinator"},
       {R"({"path":"event.payload.customer_validated","value":false})"}, "", "picking_preparation"},
      {"ANO-28", {ordered(), shipped("06-10 08:00"), shipped("06-10 09:00", "exception")}, "warning order O1", {"email:coordinator"}, {}},
  };
}

std::vector<silence> silences() {
  return {
      {"exactly_72_hours", "ANO-01", {ordered(), shortage("06-16 22:00")}},
      {"no_date_known", "ANO-01", {about("order.confirmed", "06-01"), shortage("06-18")}},
      {"a_partial_stock", "ANO-01", {ordered(), about("stock.partial", "06-18")}},
      {"72_hours_over_a_change_of_clocks", "ANO-01", {ordered("10-01", "2025-10-27"), shortage("10-23 23:00")}},
      {"dispatched", "ANO-02", {ordered(), shipped("06-09 08:00"), discrepancy("06-10 08:00")}},
      {"another_order_dispatched", "ANO-03",
       {ordered(), ordered("06-01 08:00", "2025-06-20", "", "O2"),
        about("shipment.dispatched", "06-09", R"("shipment_id":"S2")", "O2"), discrepancy("06-10 08:00")}},
      {"only_an_eta", "ANO-03", {ordered(), eta("06-09", "2025-06-12"), discrepancy("06-10 08:00")}},
      {"picking_started", "ANO-08", {ordered(), about("picking.started", "06-19 13:00")}, "06-30"},
      {"picking_started_just_before", "ANO-08", {ordered(), about("picking.started", "2025-06-19T13:59:59.999Z")}, "06-30"},
      {"no_date_known", "ANO-08", {about("order.confirmed", "06-01")}, "12-30"},
      {"cancelled", "ANO-08", {ordered(), cancelled("06-18")}, "06-30"},
      {"the_last_moment_of_the_promised_day", "ANO-16", {ordered(), eta("06-10", "2025-06-20T21:59:59.999Z")}},
      {"a_date_without_a_time", "ANO-16", {ordered(), eta("06-10", "2025-06-20")}},
      {"no_date_promised", "ANO-16", {about("order.confirmed", "06-01"), eta("06-10", "2025-06-30")}},
      {"no_eta", "ANO-16", {ordered(), shipped("06-10", "eta_updated", R"(,"estimated_arrival":null)")}},
      {"arrived", "ANO-21", {ordered(), shipped("06-10 08:00"), shipped("06-11 07:59", "arrived_at_station")}, "06-30"},
      {"delivered", "ANO-21", {ordered(), shipped("06-10 08:00"), lastmile("delivered", "06-11 07:59")}, "06-30"},
      {"cancelled", "ANO-21", {ordered(), shipped("06-10 08:00"), cancelled("06-11 07:59")}, "06-30"},
      {"not_left_yet", "ANO-21", {ordered(), eta("06-10 08:00", "2025-06-12")}, "06-18"},
      {"already_ANO_01", "ANO-26", {ordered(), shortage("06-18")}},
      {"validated", "ANO-27", {ordered(), replaced("06-10 08:00", R"(,"customer_validated":true)")}},
      {"an_eta_later_than_promised", "ANO-28", {ordered(), eta("06-10", "2025-07-10")}},
  };
}

std::vector<ending> endings() {
  return {
      {"stock_is_there", "ANO-01", {ordered(), shortage("06-18")}, "", about("stock.check_ok", "06-18 00:00")},
      {"stock_is_there", "ANO-26", {ordered(), shortage("06-10")}, "", about("stock.check_ok", "06-11")},
      {"partial_stock_is_there", "ANO-26", {ordered(), about("stock.partial", "06-10")}, "", about("stock.check_ok", "06-10")},
      {"picking_completed", "ANO-02", {ordered(), discrepancy("06-10")}, "", about("picking.completed", "06-10 01:00")},
      {"picking_started", "ANO-08", {ordered()}, "06-19 14:00", about("picking.started", "06-19 15:00")},
      {"picking_had_started", "ANO-08", {ordered()}, "06-19 14:00", about("picking.started", "06-19 13:00"), "late_event"},
      {"picking_started_at_that_very_instant", "ANO-08", {ordered()}, "06-19 14:00", about("picking.started", "06-19 14:00"), "late_event"},
      {"slot_later_than_promised", "ANO-08", {ordered()}, "06-19 14:00", slot("06-19 15:00", "2025-06-24")},
      {"cancelled", "ANO-08", {ordered()}, "06-19 14:00", cancelled("06-19 15:00")},
      {"eta_on_the_promised_day", "ANO-16", {ordered(), eta("06-10", "2025-06-21")}, "", eta("06-11", "2025-06-20T21:59:59Z")},
      {"promised_later", "ANO-16", {ordered(), eta("06-10", "2025-06-21")}, "", ordered("06-11", "2025-06-21")},
      {"arrived", "ANO-16", {ordered(), eta("06-10", "2025-06-21")}, "", shipped("06-22", "arrived_at_station")},
      {"the_next_shipment_event", "ANO-21", {ordered(), shipped("06-10 08:00")}, "06-11 08:00", shipped("06-11 09:00", "in_transit")},
      {"an_exception_is_a_sign_of_life_too", "ANO-21", {ordered(), shipped("06-10 08:00")}, "06-11 08:00", shipped("06-11 09:00", "exception")},
      {"delivered", "ANO-21", {ordered(), shipped("06-10 08:00")}, "06-11 08:00", lastmile("delivered", "06-11 09:00")},
      {"had_been_delivered", "ANO-21", {ordered(), shipped("06-10 08:00")}, "06-11 08:00", lastmile("delivered", "06-11 07:00"), "late_event"},
      {"had_moved_on", "ANO-21", {ordered(), shipped("06-10 08:00")}, "06-11 08:00", shipped("06-11 07:00", "in_transit"), "late_event"},
      {"cancelled", "ANO-21", {ordered(), shipped("06-10 08:00")}, "06-11 08:00", cancelled("06-11 09:00")},
      {"validated", "ANO-27", {ordered(), replaced("06-10", "")}, "", replaced("06-11", R"(,"customer_validated":true)")},
      {"arrived", "ANO-28", {ordered(), shipped("06-10"), shipped("06-10", "exception")}, "", shipped("06-10", "arrived_at_station")},
      {"arrived_says_the_oms", "ANO-28", {ordered(), shipped("06-10"), shipped("06-10", "exception")}, "", about("consolidation.order_arrived", "06-10")},
  };
}

}  // namespace

PLO_CATALOGUE_TABLES(order, firings, silences, endings);

TEST(rules_catalogue_order, less_than_72_hours_includes_a_delivery_that_is_past) {
  watched p;
  p.told({ordered(), shortage("06-25")});
  EXPECT_TRUE(p.is_open("ANO-01"));
  EXPECT_FALSE(p.is_open("ANO-26"));
}

TEST(rules_catalogue_order, the_slot_counts_where_one_is_scheduled) {
  watched p;
  p.told({ordered(), slot("06-02", "2025-06-24"), shortage("06-18")});
  EXPECT_TRUE(p.is_open("ANO-26")) << "14:00 on the 24th is six days off";
  EXPECT_FALSE(p.is_open("ANO-01"));
  p.when(shortage("2025-06-21T12:00:00.001Z"));
  EXPECT_TRUE(p.is_open("ANO-01"));
}

TEST(rules_catalogue_order, the_72_hours_are_hours_where_the_clocks_change) {
  // The 27th of October 2025 begins on the 26th, 23:00 UTC: the night before has 25 hours.
  watched p;
  p.told({ordered("10-01", "2025-10-27"), shortage("2025-10-23T23:00:00.001Z")});
  EXPECT_TRUE(p.is_open("ANO-01"));
}

TEST(rules_catalogue_order, ANO_26_speaks_where_ANO_01_is_switched_off) {
  rules::rule_set some = built_in_rules();
  some.evolve(did("rule.overridden", "01-02", R"({"rule_id":"ANO-01","overrides":[{"store_id":"S1","active":false}]})"));
  some.index();
  for (const std::string store : {"S1", "S2"}) {
    watched p(some);
    p.told({said("project.created", "05-01", R"({"store_id":")" + store + R"("})"), ordered(), shortage("06-18")});
    EXPECT_EQ(p.is_open("ANO-26"), store == "S1");
    EXPECT_EQ(p.is_open("ANO-01"), store == "S2");
  }
}

TEST(rules_catalogue_order, ANO_27_fires_where_nothing_is_said_of_the_customer) {
  for (const char* more : {"", R"(,"customer_validated":null)"}) {
    watched p;
    p.told({ordered(), replaced("06-10", more)});
    EXPECT_TRUE(p.is_open("ANO-27")) << more;
  }
}

TEST(rules_catalogue_order, ANO_27_waits_until_every_replaced_line_is_validated) {
  watched p;
  p.told({ordered(), replaced("06-10", "", "A"), replaced("06-10", "", "C"), replaced("06-11", R"(,"customer_validated":true)", "A")});
  EXPECT_TRUE(p.is_open("ANO-27"));
  p.when(replaced("06-11", R"(,"customer_validated":true)", "C"));
  EXPECT_FALSE(p.is_open("ANO-27"));
}

TEST(rules_catalogue_order, a_stock_check_from_before_the_shortage_does_not_end_it) {
  watched p;
  p.told({ordered(), shortage("06-10"), about("stock.check_ok", "06-09")});
  EXPECT_TRUE(p.is_open("ANO-26"));
}

TEST(rules_catalogue_order, a_stock_check_between_two_shortages_ends_nothing_in_whatever_order_they_come) {
  for (const auto& history : {std::vector{shortage("06-10 10:00"), about("stock.check_ok", "06-10 12:00"), shortage("06-10 13:00")},
                              std::vector{shortage("06-10 13:00"), about("stock.check_ok", "06-10 12:00"), shortage("06-10 10:00")}}) {
    watched p;
    p.when(ordered()).told(history);
    EXPECT_TRUE(p.is_open("ANO-26"));
    EXPECT_EQ(p.found("ANO-26")->last_triggered_at, at("06-10 13:00"));
  }
}

TEST(rules_catalogue_order, a_stock_check_of_another_order_does_not_end_it) {
  watched p;
  p.told({ordered(), ordered("06-01", "2025-06-20", "", "O2"), shortage("06-10"), about("stock.check_ok", "06-11", "", "O2")});
  EXPECT_TRUE(p.is_open("ANO-26"));
}

TEST(rules_catalogue_order, every_order_has_an_anomaly_of_its_own) {
  watched p;
  p.told({ordered(), ordered("06-01 08:00", "2025-06-21", "", "O2")}).at_time("06-19 14:00");
  EXPECT_EQ(described(p, "ANO-08", "O1"), "warning order O1");
  EXPECT_EQ(described(p, "ANO-08", "O2"), "nothing");
  p.at_time("06-20 14:00");
  EXPECT_EQ(described(p, "ANO-08", "O2"), "warning order O2");
}

}  // namespace plo::spec
