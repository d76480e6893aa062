// ANO-17 18 29: rules about the consolidation.
#include "tests/rules/catalogue_events.hpp"

namespace plo::spec {

namespace {

const auto completed = [](std::string_view when) { return said("consolidation.complete", when); };
const auto exception = [](std::string_view when) { return said("consolidation.exception", when, R"({"consolidation_id":"C1"})"); };
const auto eta = [](std::string_view when, std::string_view date) {
  return said("consolidation.eta_updated", when, fmt::format(R"({{"consolidation_id":"C1","estimated_complete_date":"{}"}})", date));
};

std::vector<firing> firings() {
  return {
      // Three calendar days before 00:00 of the 20th in Paris.
      {"ANO-17", {ordered()}, "critical consolidation", {"email:coordinator", "ticket:crm/to_validate"},
       {R"({"path":"consolidation.complete","value":false})", R"({"path":"consolidation.partial_approved","value":false})",
        R"({"path":"project.delivered","value":false})"}, "06-16 22:00"},
      {"ANO-18", {ordered(), exception("06-10")}, "critical consolidation", {"email:buyer", "email:coordinator"}, {}},
      {"ANO-29", {ordered(), eta("06-10", "2025-06-21")}, "critical consolidation",
       {"email:coordinator", "email:customer_care", "ticket:crm/to_validate"},
       {R"({"path":"event.payload.estimated_complete_date","value":"2025-06-21"})", R"({"path":"project.promised_delivery_date","value":"2025-06-20"})"}},
  };
}

std::vector<silence> silences() {
  return {
      {"complete", "ANO-17", {ordered(), completed("2025-06-16T21:59:59.999Z")}, "06-30"},
      {"every_order_arrived", "ANO-17", {ordered(), about("consolidation.order_arrived", "06-16")}, "06-30"},
      {"partial_approved", "ANO-17", {ordered(), consent("06-16")}, "06-30"},
      {"delivered", "ANO-17", {ordered(), lastmile("delivered", "06-16")}, "06-30"},
      {"every_order_cancelled", "ANO-17", {ordered(), about("order.cancelled", "06-16")}, "06-30"},
      {"no_date_promised", "ANO-17", {about("order.confirmed", "06-01")}, "12-30"},
      {"on_the_promised_day", "ANO-29", {ordered(), eta("06-10", "2025-06-20")}},
      {"no_date_promised", "ANO-29", {about("order.confirmed", "06-01"), eta("06-10", "2025-06-30")}},
      {"no_date_given", "ANO-29", {ordered(), said("consolidation.eta_updated", "06-10")}},
      {"the_latest_order_is_promised_later", "ANO-29", {ordered(), ordered("06-01", "2025-06-21", "", "O2"), eta("06-10", "2025-06-21")}},
  };
}

std::vector<ending> endings() {
  return {
      {"complete", "ANO-17", {ordered()}, "06-16 22:00", completed("06-17")},
      {"had_been_complete", "ANO-17", {ordered()}, "06-16 22:00", completed("06-16"), "late_event"},
      {"every_order_arrived", "ANO-17", {ordered()}, "06-16 22:00", about("consolidation.order_arrived", "06-17")},
      {"the_last_leg_arrived", "ANO-17", {ordered()}, "06-16 22:00", about("shipment.arrived_at_station", "06-17", R"("shipment_id":"S1")")},
      {"partial_approved", "ANO-17", {ordered()}, "06-16 22:00", consent("06-17")},
      {"delivered", "ANO-17", {ordered()}, "06-16 22:00", lastmile("delivered", "06-18")},
      {"promised_later", "ANO-17", {ordered()}, "06-16 22:00", ordered("06-17", "2025-06-21")},
      {"promise_taken_back_by_cancellation", "ANO-17", {ordered()}, "06-16 22:00", about("order.cancelled", "06-17")},
      {"the_missing_order_cancelled", "ANO-17",
       {ordered(), ordered("06-01", "2025-06-20", "", "O2"), about("consolidation.order_arrived", "06-02")}, "06-16 22:00",
       about("order.cancelled", "06-17", "", "O2")},
  };
}

}  // namespace

PLO_CATALOGUE_TABLES(consolidation, firings, silences, endings);

TEST(rules_catalogue_consolidation, one_consent_is_not_enough) {
  watched p;
  p.told({ordered(), consent("06-10", true, false)}).at_time("06-16 22:00");
  EXPECT_TRUE(p.is_open("ANO-17"));
  p.when(said("consolidation.partial_approved", "06-17", R"({"installer":true})"));
  EXPECT_FALSE(p.is_open("ANO-17")) << "the customer's consent was kept";
}

TEST(rules_catalogue_consolidation, a_partial_delivery_does_not_end_ANO_17) {
  watched p;
  p.told({ordered(), lastmile("partial_delivered", "06-16", R"({"missing_order_ids":["O1"]})")}).at_time("06-16 22:00");
  EXPECT_TRUE(p.is_open("ANO-17"));
}

TEST(rules_catalogue_consolidation, three_days_before_is_three_calendar_days_where_the_clocks_change) {
  watched p;
  p.told({ordered("10-01", "2025-10-28")}).at_time("2025-10-24T21:59:59.999Z");
  EXPECT_FALSE(p.is_open("ANO-17"));
  p.at_time("10-24 22:00");
  EXPECT_TRUE(p.is_open("ANO-17")) << "00:00 of the 25th is summer time still, the promised day is not";
}

TEST(rules_catalogue_consolidation, a_promise_already_near_is_found_at_once) {
  watched p;
  p.told({ordered("06-18 08:00", "2025-06-20")});
  ASSERT_TRUE(p.is_open("ANO-17"));
  EXPECT_EQ(p.found("ANO-17")->raised_at, at("06-18 08:00")) << "it fires when it is first known …";
  EXPECT_EQ(p.found("ANO-17")->cause_deadline, at("06-16 22:00")) << "… for the instant it was due";
}

TEST(rules_catalogue_consolidation, a_new_order_takes_completeness_back) {
  watched p;
  p.told({ordered(), completed("06-02")}).at_time("06-17");
  EXPECT_FALSE(p.is_open("ANO-17"));
  p.when(ordered("06-18", "2025-06-24", "", "O2"));
  EXPECT_FALSE(p.is_open("ANO-17")) << "the promise moved to the 24th, the deadline to the 21st";
  p.at_time("06-20 22:00");
  EXPECT_TRUE(p.is_open("ANO-17"));
}

TEST(rules_catalogue_consolidation, every_incident_counts) {
  watched p;
  p.told({ordered(), exception("06-10"), exception("06-11"), exception("06-20")});
  EXPECT_EQ(p.found("ANO-18")->occurrences, 3u);
}

}  // namespace plo::spec
