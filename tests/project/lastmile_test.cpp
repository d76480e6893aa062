// Last mile: slots, delivery in whole and in part, failure.
#include "domain/rules/facts.hpp"
#include "tests/project/given.hpp"

namespace plo {
namespace {

using namespace spec;
using testing::ElementsAre;
using testing::IsEmpty;

event slot(std::string_view what, std::string_view when, std::string_view date, std::string_view from, std::string_view to) {
  return said("lastmile." + std::string(what), when,
              R"({"lastmile_id":"LM","carrier":"DPD","carrier_tracking_ref":"T","scheduled_date":")" + std::string(date) + R"(","time_slot":{"start":")" +
                  std::string(from) + R"(","end":")" + std::string(to) + "\"}}");
}
event scheduled(std::string_view when, std::string_view date = "2025-06-20") { return slot("scheduled", when, date, "08:00", "12:00"); }

TEST(domain_lastmile, scheduling_sets_the_slot_in_the_zone) {
  const auto p = given({confirmed("O1"), scheduled("06-10")});
  const auto& l = *current_lastmile(*p);
  EXPECT_EQ(l.lastmile_id, "LM");
  EXPECT_EQ(l.status.value, lastmile_status::scheduled);
  EXPECT_EQ(l.carrier.value, "DPD");
  EXPECT_EQ(l.carrier_tracking_ref.value, "T");
  EXPECT_EQ(l.slot_start.value, at("06-20 06:00"));
  EXPECT_EQ(l.slot_end.value, at("06-20 10:00"));
  EXPECT_EQ(time_of(l.slot_set), at("06-10"));
  EXPECT_EQ(l.previous_slot_start, std::nullopt);
  EXPECT_TRUE(l.ever_scheduled);
  EXPECT_FALSE(l.closed());
}

TEST(domain_lastmile, a_slot_that_was_said_twice_is_the_same_whichever_comes_first) {
  const auto in_order = given({confirmed("O1"), scheduled("06-10"), scheduled("06-11")});
  const auto late = given({confirmed("O1"), scheduled("06-11"), scheduled("06-10")});
  for (const auto* p : {&in_order, &late}) {
    EXPECT_EQ(current_lastmile(**p)->slot_start.as_of, at("06-11"));
    EXPECT_EQ(current_lastmile(**p)->slot_end.as_of, at("06-11"));
  }
}

TEST(domain_lastmile, a_slot_that_ends_before_it_starts_ends_the_next_day) {
  const auto p = given({slot("scheduled", "06-10", "2025-06-20", "22:00", "02:00")});
  EXPECT_EQ(current_lastmile(*p)->slot_start.value, at("06-20 20:00"));
  EXPECT_EQ(current_lastmile(*p)->slot_end.value, at("06-21 00:00"));
}

TEST(domain_lastmile, a_slot_in_the_hour_that_spring_skips_moves_forward) {
  const auto p = given({slot("scheduled", "03-10", "2025-03-30", "02:30", "04:00")});
  EXPECT_EQ(current_lastmile(*p)->slot_start.value, at("03-30 01:30"));
  EXPECT_EQ(current_lastmile(*p)->slot_end.value, at("03-30 02:00"));
}

TEST(domain_lastmile, a_date_without_times_is_the_whole_day) {
  const auto p = given({said("lastmile.scheduled", "06-10", R"({"scheduled_date":"2025-06-20"})")});
  EXPECT_EQ(current_lastmile(*p)->slot_start.value, at("06-19 22:00"));
  EXPECT_EQ(current_lastmile(*p)->slot_end.value, at("06-20 22:00"));
}

TEST(domain_lastmile, an_instant_as_date_starts_the_slot_unless_times_are_given) {
  const auto p = given({said("lastmile.scheduled", "06-10", R"({"scheduled_date":"2025-06-20T09:00:00+02:00"})")});
  EXPECT_EQ(current_lastmile(*p)->slot_start.value, at("06-20 07:00"));
  const auto q = given({said("lastmile.scheduled", "06-10", R"({"scheduled_date":"2025-06-20T09:00:00+02:00","time_slot":{"start":"14:00"}})")});
  EXPECT_EQ(current_lastmile(*q)->slot_start.value, at("06-20 12:00"));
  EXPECT_EQ(current_lastmile(*q)->slot_end.value, at("06-20 22:00"));
}

TEST(domain_lastmile, without_a_date_no_slot_is_set) {
  const auto p = given({said("lastmile.scheduled", "06-10", R"({"time_slot":{"start":"08:00","end":"10:00"}})")});
  EXPECT_FALSE(current_lastmile(*p)->slot_start.has());
  EXPECT_TRUE(current_lastmile(*p)->ever_scheduled);
}

TEST(domain_lastmile, rescheduling_remembers_the_previous_slot) {
  const auto first = scheduled("06-10", "2025-06-20");
  const auto second = slot("rescheduled", "06-12", "2025-06-22", "14:00", "18:00");
  const auto third = slot("rescheduled", "06-14", "2025-06-24", "14:00", "18:00");
  for (const auto& p : {given({first, second, third}), given({third, first, second}), given({third, second, first}), given({second, third, first})}) {
    EXPECT_EQ(current_lastmile(*p)->slot_start.value, at("06-24 12:00"));
    EXPECT_EQ(current_lastmile(*p)->previous_slot_start, at("06-22 12:00"));
    EXPECT_EQ(time_of(current_lastmile(*p)->slot_set), at("06-14"));
  }
}

TEST(domain_lastmile, delivery_start_is_the_slots_else_the_promised_day) {
  const auto delivery_start = [](const spec::project& p) {
    std::pmr::monotonic_buffer_resource memory;
    const auto settings = paris();
    rules::project_facts facts(*p, settings, at("06-01"));
    facts.about_entity({event_scope::order, &p.of("O1")});
    const std::string_view path[] = {"order", "delivery_start"};
    return facts.get(path, memory);
  };
  auto p = given({confirmed("O1")});
  EXPECT_EQ(delivery_start(p).as_day(), day("06-20"));
  p.when(scheduled("06-10", "2025-06-18"));
  EXPECT_EQ(delivery_start(p).as_instant(), at("06-18 06:00"));
}

TEST(domain_lastmile, delivered_marks_every_required_order_delivered) {
  const auto p = given({confirmed("O1"), confirmed("O2"), said("picking.started", "06-02", R"({"order_ref":"O3"})"), confirmed("O4"),
                        said("order.cancelled", "06-03", R"({"order_ref":"O4"})"), said("lastmile.delivered", "06-20 09:00", R"({"pod_url":"http://pod"})")});
  EXPECT_TRUE(p.of("O1").concluded.delivered);
  EXPECT_TRUE(p.of("O2").concluded.delivered);
  EXPECT_FALSE(p.of("O3").concluded.delivered) << "never confirmed";
  EXPECT_FALSE(p.of("O4").concluded.delivered) << "cancelled before";
  EXPECT_TRUE(current_lastmile(*p)->delivered);
  EXPECT_EQ(current_lastmile(*p)->delivered_at, at("06-20 09:00"));
  EXPECT_EQ(current_lastmile(*p)->pod_url.value, "http://pod");
  EXPECT_EQ(current_lastmile(*p)->is_partial.value, false);
}

TEST(domain_lastmile, partial_marks_all_but_the_missing) {
  const auto p = given({confirmed("O1"), confirmed("O2"), said("lastmile.partial_delivered", "06-20", R"({"missing_order_ids":["O2"]})")});
  EXPECT_TRUE(p.of("O1").concluded.delivered);
  EXPECT_FALSE(p.of("O2").concluded.delivered);
  EXPECT_EQ(current_lastmile(*p)->status.value, lastmile_status::partial_delivered);
  EXPECT_EQ(current_lastmile(*p)->is_partial.value, true);
  EXPECT_THAT(*current_lastmile(*p)->missing_order_ids.value, ElementsAre("O2"));
  EXPECT_FALSE(current_lastmile(*p)->delivered);
  EXPECT_EQ(current_lastmile(*p)->delivered_at, at("06-20"));
  EXPECT_EQ(p->status, project_status::active);
}

TEST(domain_lastmile, missing_orders_may_be_named_by_plos_ids) {
  auto p = given({confirmed("O1"), confirmed("O2")});
  p.when(said("lastmile.partial_delivered", "06-20", R"({"missing_order_ids":[")" + p.of("O2").id.to_string() + "\"]}"));
  EXPECT_TRUE(p.of("O1").concluded.delivered);
  EXPECT_FALSE(p.of("O2").concluded.delivered);
  EXPECT_THAT(*current_lastmile(*p)->missing_order_ids.value, ElementsAre("O2"));
}

TEST(domain_lastmile, the_rest_comes_with_a_second_tour) {
  const auto part = said("lastmile.partial_delivered", "06-20", R"({"missing_order_ids":["O2"]})");
  const auto rest = said("lastmile.delivered", "06-25");
  for (const auto& p : {given({confirmed("O1"), confirmed("O2"), part, rest}), given({confirmed("O1"), confirmed("O2"), rest, part})}) {
    EXPECT_TRUE(p.of("O2").concluded.delivered);
    EXPECT_EQ(delivered_at(*p, p.of("O1")), at("06-20"));
    EXPECT_EQ(delivered_at(*p, p.of("O2")), at("06-25"));
    EXPECT_EQ(current_lastmile(*p)->status.value, lastmile_status::delivered);
    EXPECT_EQ(current_lastmile(*p)->delivered_at, at("06-25"));
  }
}

TEST(domain_lastmile, delivered_that_says_itself_partial_is_partial) {
  const auto p = given({confirmed("O1"), confirmed("O2"), said("lastmile.delivered", "06-20", R"({"is_partial":true,"missing_order_ids":["O2"]})")});
  EXPECT_EQ(current_lastmile(*p)->status.value, lastmile_status::partial_delivered);
  EXPECT_FALSE(current_lastmile(*p)->delivered);
  const auto q = given({confirmed("O1"), confirmed("O2"), said("lastmile.delivered", "06-20", R"({"is_partial":false,"missing_order_ids":["O2"]})")});
  EXPECT_TRUE(current_lastmile(*q)->delivered);
  EXPECT_TRUE(q.of("O2").concluded.delivered);
}

TEST(domain_lastmile, an_order_confirmed_after_the_delivery_was_not_in_it) {
  const auto p = given({confirmed("O1"), said("lastmile.delivered", "06-20"), confirmed("O2", "06-21")});
  EXPECT_FALSE(p.of("O2").concluded.delivered);
  const auto q = given({confirmed("O1"), said("lastmile.delivered", "06-20"), confirmed("O2", "06-19")});
  EXPECT_TRUE(q.of("O2").concluded.delivered) << "confirmed before, told later";
}

TEST(domain_lastmile, what_was_delivered_stays_delivered_when_cancelled_later) {
  const auto p = given({confirmed("O1"), confirmed("O2"), said("lastmile.delivered", "06-20"), said("order.cancelled", "06-22", R"({"order_ref":"O2"})")});
  EXPECT_TRUE(p.of("O2").concluded.delivered);
  EXPECT_EQ(p.of("O2").concluded.status, order_status::cancelled);
}

TEST(domain_lastmile, a_late_schedule_does_not_undo_a_delivery) {
  const auto p = given({confirmed("O1"), said("lastmile.delivered", "06-20 09:00"), scheduled("06-10")});
  EXPECT_EQ(current_lastmile(*p)->status.value, lastmile_status::delivered);
  EXPECT_TRUE(current_lastmile(*p)->delivered);
  EXPECT_EQ(time_of(current_lastmile(*p)->closed()), at("06-20 09:00"));
  EXPECT_EQ(p->status, project_status::completed);
  EXPECT_EQ(p.status_of(step_type::lastmile_scheduled), step_status::completed);
}

TEST(domain_lastmile, closed_at_is_the_last_closing_event_since_the_slot_was_set) {
  for (const auto* type : {"lastmile.delivered", "lastmile.partial_delivered", "lastmile.failed"}) {
    auto p = given({scheduled("06-10"), said(type, "06-20 09:00")});
    EXPECT_EQ(time_of(current_lastmile(*p)->closed()), at("06-20 09:00")) << type;
    p.when(slot("rescheduled", "06-21", "2025-06-25", "08:00", "10:00"));
    EXPECT_EQ(time_of(current_lastmile(*p)->closed()), std::nullopt) << type << ": a new slot is open";
    p.when(said(type, "06-25 09:00"));
    EXPECT_EQ(time_of(current_lastmile(*p)->closed()), at("06-25 09:00")) << type;
  }
  EXPECT_EQ(time_of(current_lastmile(*given({scheduled("06-10"), said("lastmile.in_transit", "06-20"), said("lastmile.damaged", "06-20")}))->closed()), std::nullopt);
}

TEST(domain_lastmile, steps_follow_the_tour) {
  auto p = given({confirmed("O1")});
  EXPECT_EQ(p.step_of(step_type::lastmile_delivered).expected_at, at("06-19 22:00")) << "the promised day";
  p.when(scheduled("06-10", "2025-06-18"));
  EXPECT_EQ(p.step_of(step_type::lastmile_scheduled).completed_at, at("06-10"));
  EXPECT_EQ(p.step_of(step_type::lastmile_delivered).expected_at, at("06-18 06:00"));
  p.when(said("lastmile.in_transit", "06-18 05:00"));
  EXPECT_EQ(current_lastmile(*p)->status.value, lastmile_status::in_transit);
  EXPECT_EQ(p.status_of(step_type::lastmile_delivered), step_status::in_progress);
  EXPECT_EQ(p.step_of(step_type::lastmile_delivered).started_at, at("06-18 05:00"));
  p.when(said("lastmile.failed", "06-18 07:00", R"({"reason":"absent"})"));
  EXPECT_EQ(current_lastmile(*p)->status.value, lastmile_status::failed);
  EXPECT_EQ(p.status_of(step_type::lastmile_delivered), step_status::anomaly);
  EXPECT_EQ(p.status_of(step_type::lastmile_scheduled), step_status::pending) << "a new slot is needed";
  p.when(slot("rescheduled", "06-18 08:00", "2025-06-19", "08:00", "10:00"));
  EXPECT_EQ(p.status_of(step_type::lastmile_scheduled), step_status::completed);
  p.when(said("lastmile.delivered", "06-19 07:00"));
  EXPECT_EQ(p.status_of(step_type::lastmile_delivered), step_status::completed);
}

TEST(domain_lastmile, a_delivery_without_a_slot_skips_that_step) {
  const auto p = given({confirmed("O1"), said("lastmile.delivered", "06-20")});
  EXPECT_EQ(p.status_of(step_type::lastmile_scheduled), step_status::skipped);
}

TEST(domain_lastmile, a_partial_delivery_completes_the_step_when_it_was_agreed) {
  const auto agreed = said("consolidation.partial_approved", "06-15", R"({"customer":true,"installer":true})");
  const auto part = said("lastmile.partial_delivered", "06-20", R"({"missing_order_ids":["O2"]})");
  EXPECT_EQ(given({confirmed("O1"), confirmed("O2"), agreed, part}).status_of(step_type::lastmile_delivered), step_status::completed);
  EXPECT_EQ(given({confirmed("O1"), confirmed("O2"), part}).status_of(step_type::lastmile_delivered), step_status::anomaly);
}

TEST(domain_lastmile, damage_changes_no_state) {
  auto p = given({confirmed("O1"), scheduled("06-10")});
  const auto before = *current_lastmile(*p);
  p.when(said("lastmile.damaged", "06-20"));
  auto after = *current_lastmile(*p);
  EXPECT_NE(after.seen, before.seen) << "but that it was seen";
  after.seen = before.seen;
  after.touched = before.touched;
  EXPECT_EQ(after, before);
  EXPECT_THAT(p.derived(), IsEmpty());
}

}  // namespace
}  // namespace plo
