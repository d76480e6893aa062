// When deadlines pass: around an event, already past, moved, taken away.
#include "tests/rules/catalogue_events.hpp"

namespace plo::spec {

namespace {

const auto survey_sent = [](std::string_view when) { return said("quality.survey_sent", when); };
const auto survey_done = [](std::string_view when) { return said("quality.survey_completed", when, R"({"score":5})"); };
const auto created = [] { return said("project.created", "06-01"); };

}  // namespace

TEST(rules_deadlines, on_the_event_clock_an_event_of_that_very_instant_is_heard_first) {
  watched p;
  p.told({created(), survey_sent("07-01 10:00"), survey_done("07-06 10:00")}).at_time("07-30");
  EXPECT_EQ(p.found("ANO-35"), nullptr);
}

TEST(rules_deadlines, on_the_event_clock_a_deadline_before_the_event_passes_ahead_of_it) {
  watched p;
  p.told({created(), survey_sent("07-01 10:00"), survey_done("2025-07-06T10:00:00.001Z")});
  ASSERT_NE(p.found("ANO-35"), nullptr);
  EXPECT_EQ(p.found("ANO-35")->raised_at, at("07-06 10:00")) << "with the deadline as its instant";
  EXPECT_EQ(p.found("ANO-35")->resolved_by, "system") << "the event was not late: it came after the deadline";
}

TEST(rules_deadlines, on_the_wall_clock_a_deadline_passes_ahead_of_what_is_recorded_then) {
  watched p;
  p.on_the_wall().told({created(), survey_sent("07-01 10:00"), survey_done("07-06 10:00")});
  ASSERT_NE(p.found("ANO-35"), nullptr);
  EXPECT_EQ(p.found("ANO-35")->resolved_by, "late_event") << "and yet it occurred in time";
}

TEST(rules_deadlines, on_the_wall_clock_it_is_dated_by_the_instant_it_fired) {
  watched p;
  p.on_the_wall().told({created(), survey_sent("07-01 10:00")}).at_time("2025-07-06T10:00:00.700Z");
  EXPECT_EQ(p.found("ANO-35")->raised_at, at("2025-07-06T10:00:00.700Z"));
  EXPECT_EQ(p.found("ANO-35")->cause_deadline, at("07-06 10:00"));
}

TEST(rules_deadlines, one_already_past_when_it_is_first_known_fires_at_once) {
  for (const bool wall : {false, true}) {
    watched p;
    if (wall) p.on_the_wall();
    p.told({created(), said("weather.report", "07-20"), survey_sent("07-01")});
    ASSERT_NE(p.found("ANO-35"), nullptr);
    EXPECT_EQ(p.found("ANO-35")->raised_at, at("07-20"));
    EXPECT_EQ(p.found("ANO-35")->cause_deadline, at("07-06"));
  }
}

TEST(rules_deadlines, the_next_one_is_what_the_project_waits_for) {
  watched p;
  p.told({created(), survey_sent("07-01 10:00")});
  EXPECT_EQ(p.next_due(), at("07-06 10:00"));
  p.at_time("07-06 10:00");
  EXPECT_EQ(p.next_due(), at("07-06 14:00")) << "then it escalates";
  p.at_time("07-06 14:00");
  EXPECT_EQ(p.next_due(), std::nullopt);
}

TEST(rules_deadlines, many_that_pass_in_one_step_pass_in_their_order) {
  watched p;
  p.told({ordered(), install("06-10"), survey_sent("06-11")}).at_time("07-30");
  std::vector<std::string> rules;
  std::vector<instant> when;
  for (const auto& e : p.last()) {
    if (e.type != own_type::anomaly_raised) continue;
    rules.emplace_back(json::get_string(json_document::parse(e.data)->root(), "rule_id").value_or(""));
    when.push_back(e.occurred_at);
  }
  EXPECT_EQ(rules, (std::vector<std::string>{"ANO-35", "ANO-17", "ANO-08", "ANO-07", "ANO-13"}));
  EXPECT_EQ(when, (std::vector{at("06-16"), at("06-16 22:00"), at("06-19 14:00"), at("06-20 08:00"), at("06-25 10:00")}));
}

TEST(rules_deadlines, it_does_not_pass_twice) {
  watched p;
  p.told({ordered()}).at_time("06-17");
  p.when(did("anomaly.resolved", "06-17 01:00", fmt::format(R"({{"anomaly_id":"{}"}})", p.found("ANO-17")->id.to_string())));
  p.told({about("picking.started", "06-17 02:00"), ordered("06-17 03:00")}).at_time("07-30");
  EXPECT_FALSE(p.is_open("ANO-17"));
  EXPECT_EQ(p.found("ANO-17")->occurrences, 1u);
}

TEST(rules_deadlines, moved_into_the_future_it_passes_again) {
  watched p;
  p.told({ordered()}).at_time("06-17");
  const auto first = p.found("ANO-17")->id;
  p.when(ordered("06-17 08:00", "2025-06-25"));
  EXPECT_FALSE(p.is_open("ANO-17"));
  EXPECT_EQ(p.next_due(), at("06-21 22:00"));
  p.at_time("06-21 22:00");
  ASSERT_TRUE(p.is_open("ANO-17"));
  EXPECT_NE(p.found("ANO-17")->id, first) << "five days are more than the dedup window";
}

TEST(rules_deadlines, moved_and_still_past_it_is_another_trigger) {
  watched p;
  p.told({ordered()}).at_time("06-17");
  p.when(ordered("06-17 08:00", "2025-06-19"));
  EXPECT_TRUE(p.is_open("ANO-17"));
  EXPECT_EQ(p.found("ANO-17")->occurrences, 2u);
  EXPECT_EQ(p.found("ANO-17")->triggered_for, at("06-15 22:00"));
}

TEST(rules_deadlines, moved_away_and_back_it_passes_again) {
  watched p;
  p.told({ordered()}).at_time("06-17");
  p.told({ordered("06-17 08:00", "2025-06-30"), ordered("06-17 09:00", "2025-06-20")});
  EXPECT_TRUE(p.is_open("ANO-17"));
  EXPECT_EQ(p.found("ANO-17")->occurrences, 2u);
}

TEST(rules_deadlines, an_anchor_that_goes_away_takes_its_anomaly_along) {
  watched p;
  p.told({ordered(), install("06-10")}).at_time("06-25 10:00");
  EXPECT_TRUE(p.is_open("ANO-13"));
  p.when(installation("cancelled", "06-25 11:00"));
  EXPECT_FALSE(p.is_open("ANO-13"));
  EXPECT_FALSE(p.is_open("ANO-07"));
}

TEST(rules_deadlines, silence_after_every_shipment_event_is_measured_anew) {
  const auto shipped = [](std::string_view when, std::string_view what) { return about("shipment." + std::string(what), when, R"("shipment_id":"S1")"); };
  watched p;
  p.told({ordered(), shipped("06-10 08:00", "dispatched"), shipped("06-11 07:59", "in_transit")}).at_time("06-12 07:58");
  EXPECT_FALSE(p.is_open("ANO-21"));
  p.at_time("06-12 07:59");
  const auto first = p.found("ANO-21")->id;
  p.when(shipped("06-12 10:00", "eta_updated")).at_time("06-13 10:00");
  ASSERT_TRUE(p.is_open("ANO-21"));
  EXPECT_NE(p.found("ANO-21")->id, first) << "26 hours after it was last triggered";
}

// Late events.

TEST(rules_deadlines, a_late_event_that_changes_nothing_of_it_leaves_it_open) {
  watched p;
  p.told({ordered()}).at_time("06-17");
  p.when(about("picking.started", "06-10"));
  EXPECT_TRUE(p.is_open("ANO-17"));
}

TEST(rules_deadlines, what_a_late_event_retracts_stays_on_record) {
  watched p;
  p.told({ordered()}).at_time("06-17");
  const auto late = said("consolidation.complete", "06-16 10:00");
  p.when(late);
  const auto* a = p.found("ANO-17");
  EXPECT_EQ(a->status, anomaly_status::resolved);
  EXPECT_EQ(a->resolved_by, "late_event");
  EXPECT_EQ(a->late_event, late.id);
  EXPECT_EQ(a->raised_at, at("06-16 22:00"));
  EXPECT_EQ(a->resolved_at, at("06-17"));
  EXPECT_EQ(a->occurrences, 1u);
}

TEST(rules_deadlines, looking_back_a_late_event_shows_what_should_have_been_found) {
  for (const bool wall : {false, true}) {
    watched p;
    if (wall) p.on_the_wall();
    // Complete with one order; the second, of the same promise, becomes known after the deadline.
    p.told({ordered(), about("consolidation.order_arrived", "06-10")}).at_time("06-18");
    ASSERT_FALSE(p.is_open("ANO-17"));
    p.when(ordered("06-12", "2025-06-20", "", "O2"));
    ASSERT_TRUE(p.is_open("ANO-17"));
    EXPECT_EQ(p.found("ANO-17")->cause_deadline, at("06-16 22:00"));
    EXPECT_EQ(p.found("ANO-17")->raised_at, at("06-18")) << "it fires now";
  }
}

TEST(rules_deadlines, looking_back_does_not_look_at_events_after_the_deadline) {
  watched p;
  p.told({ordered(), about("consolidation.order_arrived", "06-10")}).at_time("06-18");
  p.when(ordered("06-18", "2025-06-20", "", "O2"));
  EXPECT_FALSE(p.is_open("ANO-17")) << "an order of the 18th says nothing about the 16th";
}

TEST(rules_deadlines, looking_back_finds_nothing_twice) {
  watched p;
  p.told({ordered(), about("consolidation.order_arrived", "06-10")}).at_time("06-18");
  p.told({ordered("06-12", "2025-06-20", "", "O2"), ordered("06-13", "2025-06-20", "", "O3")});
  EXPECT_EQ(p.found("ANO-17")->occurrences, 1u);
}

}  // namespace plo::spec
