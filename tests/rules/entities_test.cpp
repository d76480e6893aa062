// Tours, visits and orders are entities of their own: each is judged, told and resolved by itself.
#include "tests/rules/catalogue_events.hpp"

namespace plo::spec {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

event tour(std::string_view what, std::string_view id, std::string_view when, std::string_view more = "") {
  return said("lastmile." + std::string(what), when, fmt::format(R"({{"lastmile_id":"{}"{}{}}})", id, more.empty() ? "" : ",", more));
}
event slot_of_tour(std::string_view id, std::string_view when, std::string_view date, std::string_view what = "scheduled") {
  return tour(what, id, when, fmt::format(R"("scheduled_date":"{}","time_slot":{{"start":"08:00","end":"12:00"}})", date));
}
event visit(std::string_view what, std::string_view id, std::string_view when, std::string_view more = "") {
  return said("installation." + std::string(what), when, fmt::format(R"({{"installation_id":"{}"{}{}}})", id, more.empty() ? "" : ",", more));
}
event planned(std::string_view id, std::string_view when, std::string_view start) {
  return visit("scheduled", id, when, fmt::format(R"("scheduled_start":"{}")", start));
}
event gathered(std::string_view when) { return said("consolidation.complete", when); }

/// Entities of a rule's open anomalies.
std::vector<std::string> open_of(const watched& p, std::string_view rule_id) {
  std::vector<std::string> entities;
  for (const auto& a : p->anomalies)
    if (a.rule_id == rule_id && !a.is_resolved()) entities.push_back(a.entity);
  std::sort(entities.begin(), entities.end());
  return entities;
}

std::size_t told_of(const watched& p, std::string_view type) {
  return static_cast<std::size_t>(std::count_if(p.history().begin(), p.history().end(), [&](const event& e) { return e.type == type; }));
}

// --- tours

TEST(rules_entities, damage_on_two_tours_is_two_anomalies_with_their_own_notifications) {
  watched p;
  p.told({ordered(), gathered("06-08"), slot_of_tour("L1", "06-09", "2025-06-12"), tour("damaged", "L1", "06-12")});
  EXPECT_THAT(p.told_whom("ANO-31"), ElementsAre("email:installation_coordinator", "ticket:sav"));
  p.told({slot_of_tour("L2", "06-13", "2025-06-18"), tour("damaged", "L2", "06-13 02:00")});
  EXPECT_THAT(p.told_whom("ANO-31"), ElementsAre("email:installation_coordinator", "ticket:sav")) << "within dedup of the other one";
  EXPECT_THAT(open_of(p, "ANO-31"), ElementsAre("L1", "L2"));
  p.when(tour("damaged", "L1", "06-13 03:00"));
  EXPECT_THAT(p.told_whom("ANO-31"), IsEmpty()) << "the same tour again";
}

TEST(rules_entities, each_tour_has_its_own_deadline) {
  watched p;
  p.told({ordered("06-01"), ordered("06-01 01:00", "2025-06-20", "", "O2"), consent("06-04"), slot_of_tour("L1", "06-05", "2025-06-10"),
          slot_of_tour("L2", "06-05 00:01", "2025-06-12"), tour("partial_delivered", "L1", "06-10 09:00", R"("missing_order_ids":["O2"])")});
  EXPECT_THAT(open_of(p, "ANO-09"), IsEmpty());
  p.at_time("06-12 14:00");
  EXPECT_THAT(open_of(p, "ANO-09"), ElementsAre("L2"));
  EXPECT_EQ(p.found("ANO-09")->cause_deadline, at("06-12 14:00"));
  p.when(tour("delivered", "L2", "06-12 15:00"));
  EXPECT_THAT(open_of(p, "ANO-09"), IsEmpty());
}

TEST(rules_entities, a_failure_is_over_with_a_slot_of_this_tour_or_a_new_one) {
  const std::vector<event> failed{ordered(), gathered("06-08"), slot_of_tour("L1", "06-09", "2025-06-12"), slot_of_tour("L2", "06-09 01:00", "2025-06-13"),
                                  tour("failed", "L1", "06-12 09:00")};
  {
    watched p;
    p.told(failed);
    EXPECT_THAT(open_of(p, "ANO-22"), ElementsAre("L1"));
    p.when(slot_of_tour("L2", "06-12 10:00", "2025-06-14", "rescheduled"));
    EXPECT_THAT(open_of(p, "ANO-22"), ElementsAre("L1")) << "another tour's second slot";
    p.when(slot_of_tour("L1", "06-12 11:00", "2025-06-16", "rescheduled"));
    EXPECT_THAT(open_of(p, "ANO-22"), IsEmpty());
  }
  {
    watched p;
    p.told(failed).when(slot_of_tour("L3", "06-12 11:00", "2025-06-16"));
    EXPECT_THAT(open_of(p, "ANO-22"), IsEmpty());
  }
  {
    watched p;
    p.told(failed).when(tour("delivered", "L2", "06-13 09:00"));
    EXPECT_THAT(open_of(p, "ANO-22"), IsEmpty()) << "everything it was to carry is there";
  }
}

TEST(rules_entities, a_slot_confirmed_again_is_no_rescheduling) {
  watched p;
  p.told({ordered(), gathered("06-08"), slot_of_tour("L1", "06-10", "2025-06-20"), slot_of_tour("L1", "06-19", "2025-06-20", "rescheduled")});
  EXPECT_THAT(open_of(p, "ANO-30"), IsEmpty());
  EXPECT_EQ(current_lastmile(*p)->previous_slot_start, std::nullopt);
  p.when(slot_of_tour("L1", "06-19 01:00", "2025-06-25", "rescheduled"));
  EXPECT_THAT(open_of(p, "ANO-30"), ElementsAre("L1"));
  EXPECT_EQ(current_lastmile(*p)->previous_slot_start, at("06-20 06:00"));
  p.when(slot_of_tour("L1", "06-19 02:00", "2025-06-25", "rescheduled"));
  EXPECT_EQ(p.found("ANO-30")->occurrences, 1u) << "nothing moved the second time";
  EXPECT_EQ(current_lastmile(*p)->previous_slot_start, at("06-20 06:00"));
}

TEST(rules_entities, a_tour_that_nobody_named_takes_the_first_name_that_comes) {
  watched p;
  p.told({ordered(), gathered("06-08"), said("lastmile.scheduled", "06-09", R"({"scheduled_date":"2025-06-12"})"), said("lastmile.damaged", "06-10")});
  EXPECT_THAT(open_of(p, "ANO-31"), ElementsAre("lastmile"));
  p.when(tour("in_transit", "L7", "06-12"));
  EXPECT_THAT(open_of(p, "ANO-31"), ElementsAre("L7"));
  p.when(tour("damaged", "L7", "06-12 01:00"));
  EXPECT_EQ(p.found("ANO-31")->occurrences, 2u);
  EXPECT_EQ(p->lastmiles.size(), 1u);
}

TEST(rules_entities, of_unnamed_events_the_latest_open_tour_is_meant) {
  watched p;
  p.told({ordered(), gathered("06-08"), slot_of_tour("L1", "06-09", "2025-06-12"), slot_of_tour("L2", "06-09 01:00", "2025-06-13"),
          tour("delivered", "L2", "06-12"), said("lastmile.damaged", "06-12 01:00")});
  EXPECT_THAT(open_of(p, "ANO-31"), ElementsAre("L1")) << "L2 is closed";
  p.told({tour("failed", "L1", "06-12 02:00"), said("lastmile.damaged", "06-12 03:00")});
  EXPECT_THAT(open_of(p, "ANO-31"), ElementsAre("L1", "L2")) << "all are closed: the latest";
}

TEST(rules_entities, an_installation_near_asks_for_a_tour_for_what_is_not_delivered) {
  watched p;
  p.told({ordered("06-01"), gathered("06-05"), slot_of_tour("L1", "06-06", "2025-06-08"), tour("delivered", "L1", "06-08 09:00"),
          planned("I1", "06-09", "2025-06-20T08:00:00Z"), ordered("06-10", "2025-06-18", "", "O2")});
  p.at_time("06-15 08:00");
  EXPECT_THAT(open_of(p, "ANO-07"), ElementsAre("I1")) << "the first tour says nothing about O2";
  p.when(slot_of_tour("L2", "06-15 09:00", "2025-06-18"));
  EXPECT_THAT(open_of(p, "ANO-07"), IsEmpty());
}

// --- visits

TEST(rules_entities, the_second_visit_has_its_own_start_end_and_report) {
  watched p;
  p.told({ordered("06-01", "2025-06-30", R"("installation_required":true)"), gathered("06-10"), tour("delivered", "L1", "06-15 09:00"),
          planned("I1", "06-16", "2025-06-20T08:00:00Z"), visit("started", "I1", "06-20 08:10"), visit("partial", "I1", "06-20 15:00"),
          visit("report_submitted", "I1", "06-20 15:30", R"("customer_signature":{"signed":true})"), planned("I2", "06-21", "2025-06-27T08:00:00Z")});
  p.at_time("06-27 10:00");
  EXPECT_THAT(open_of(p, "ANO-13"), ElementsAre("I2"));
  EXPECT_EQ(p.found("ANO-13")->cause_deadline, at("06-27 10:00"));
  EXPECT_THAT(open_of(p, "ANO-33"), ElementsAre("I1"));
  p.when(visit("completed", "I2", "06-28 12:00"));
  EXPECT_THAT(open_of(p, "ANO-13"), IsEmpty());
  EXPECT_THAT(open_of(p, "ANO-33"), IsEmpty()) << "a visit scheduled after it was completed";
  p.at_time("06-28 16:00");
  EXPECT_THAT(open_of(p, "ANO-14"), ElementsAre("I2"));
  p.told({visit("report_submitted", "I2", "06-28 17:00", R"("customer_signature":{"signed":true})"), visit("closed", "I2", "06-29")});
  EXPECT_EQ(p->status, project_status::completed);
}

TEST(rules_entities, a_project_stays_open_while_a_visit_is_to_come) {
  watched p;
  p.told({ordered("06-01", "2025-06-30", R"("installation_required":true)"), gathered("06-10"), tour("delivered", "L1", "06-15"), planned("I1", "06-16", "2025-06-20T08:00:00Z"),
          planned("I2", "06-16 01:00", "2025-06-27T08:00:00Z"), visit("completed", "I1", "06-20"), visit("closed", "I1", "06-21")});
  EXPECT_EQ(p->status, project_status::active);
  p.when(visit("cancelled", "I2", "06-22"));
  EXPECT_EQ(p->status, project_status::completed) << "the last that was not called off is closed";
}

TEST(rules_entities, what_was_cancelled_is_judged_no_more) {
  watched p;
  p.told({ordered("06-01", "2025-06-20"), about("shipment.dispatched", "06-10", R"("shipment_id":"S1")"),
          about("shipment.eta_updated", "06-11", R"("shipment_id":"S1","estimated_arrival":"2025-06-25T10:00:00Z")")});
  EXPECT_THAT(open_of(p, "ANO-16"), ElementsAre("O1"));
  p.when(about("order.cancelled", "06-12"));
  EXPECT_THAT(p.open(), IsEmpty());
  EXPECT_EQ(p.found("ANO-16")->resolved_by, "system");
  p.told({about("shipment.eta_updated", "06-13", R"("shipment_id":"S1","estimated_arrival":"2025-06-26T10:00:00Z")"), about("shipment.exception", "06-13 01:00"),
          about("stock.shortage", "06-13 02:00"), about("picking.discrepancy", "06-13 03:00"), about("order.line_replaced", "06-13 04:00", R"("sku":"A","replacement_sku":"B")")});
  EXPECT_THAT(p.open(), IsEmpty());
  p.told({planned("I1", "06-14", "2025-06-25T08:00:00Z"), visit("cancelled", "I1", "06-15"), visit("issue", "I1", "06-16", R"("severity":"blocking")")});
  EXPECT_THAT(p.open(), IsEmpty());
}

// --- consent, and what comes after the end

TEST(rules_entities, a_consent_covers_the_tours_set_until_the_next_order_is_confirmed) {
  watched p;
  p.told({ordered("06-01"), ordered("06-01 01:00", "2025-06-20", "", "O2"), consent("06-04"), slot_of_tour("L1", "06-05", "2025-06-10"),
          ordered("06-06", "2025-06-28", "", "O3")});
  EXPECT_FALSE(p->consolidation->concluded.partial_delivery_approved);
  p.when(tour("partial_delivered", "L1", "06-10 09:00", R"("missing_order_ids":["O2"])"));
  EXPECT_THAT(open_of(p, "ANO-20"), IsEmpty()) << "set before the order came";
  p.when(slot_of_tour("L2", "06-11", "2025-06-15"));
  EXPECT_THAT(open_of(p, "ANO-19"), ElementsAre("L2"));
  p.when(tour("partial_delivered", "L2", "06-15 09:00", R"("missing_order_ids":["O3"])"));
  EXPECT_THAT(open_of(p, "ANO-20"), ElementsAre("L2"));
}

TEST(rules_entities, a_later_order_opens_again_what_closed_by_itself) {
  watched p;
  p.told({ordered("06-01"), gathered("06-10"), tour("delivered", "L1", "06-15 09:00")});
  EXPECT_EQ(p->status, project_status::completed);
  p.when(ordered("06-16", "2025-06-28", "", "O2"));
  EXPECT_EQ(p->status, project_status::active);
  EXPECT_EQ(told_of(p, "project.reopened"), 1u);
  EXPECT_EQ(told_of(p, own_type::order_after_closing), 0u);
  EXPECT_EQ(p.step_of(step_type::lastmile_delivered)->status, step_status::pending);
  p.when(tour("delivered", "L2", "06-27 09:00"));
  EXPECT_EQ(p->status, project_status::completed);
  EXPECT_EQ(p->closed_at, at("06-27 09:00"));
}

TEST(rules_entities, what_somebody_closed_stays_closed_and_operations_are_told) {
  watched p;
  p.told({ordered("06-01"), did("project.closed", "06-10"), ordered("06-16", "2025-06-28", "", "O2")});
  EXPECT_EQ(p->status, project_status::completed);
  EXPECT_EQ(told_of(p, own_type::order_after_closing), 1u);
  p.when(ordered("06-17", "2025-06-28", "", "O2"));
  EXPECT_EQ(told_of(p, own_type::order_after_closing), 1u) << "confirmed again: nothing new";
  p.at_time("06-25");
  EXPECT_THAT(open_of(p, "ANO-17"), testing::SizeIs(1)) << "its rules watch";
}

// --- equal times, and people

TEST(rules_entities, of_equal_times_the_later_arrival_counts) {
  watched p;
  p.told({ordered("06-01"), gathered("06-10"), ordered("06-10", "2025-06-28", "", "O2")});
  EXPECT_THAT(p->consolidation->concluded.orders_missing, ElementsAre("O2"));
  watched q;
  q.told({ordered("06-01"), ordered("06-10", "2025-06-28", "", "O2"), gathered("06-10")});
  EXPECT_THAT(q->consolidation->concluded.orders_missing, IsEmpty());

  watched reopened;
  reopened.told({ordered("06-01"), tour("delivered", "L1", "06-15"), said("project.reopened", "06-15")});
  EXPECT_EQ(reopened->status, project_status::active);
  reopened.when(tour("delivered", "L1", "06-15"));
  EXPECT_EQ(reopened->status, project_status::completed) << "delivered anew, in the same second";
}

TEST(rules_entities, what_a_person_does_counts_from_now_whatever_a_sources_clock_says) {
  watched p;
  p.told({ordered("06-01"), about("picking.started", "06-10 00:01")});
  p.when(did("step.updated", "06-10", R"({"step_type":"picking_preparation","status":"completed","order_ref":"O1"})"));
  EXPECT_EQ(p.step_of(step_type::picking_preparation, "O1")->status, step_status::completed);
  p.told({did("project.status_set", "06-10", R"({"status":"on_hold"})"), did("project.closed", "06-10")});
  EXPECT_EQ(p->status, project_status::completed) << "two commands in one millisecond";
  p.when(did("project.reopened", "06-10"));
  EXPECT_EQ(p->status, project_status::active);
}

TEST(rules_entities, what_changes_nothing_says_so) {
  watched p;
  const auto eta = [](std::string_view when, std::string_view arrival) {
    return about("shipment.eta_updated", when, fmt::format(R"("shipment_id":"S1","estimated_arrival":"{}")", arrival));
  };
  p.told({ordered("06-01"), eta("06-11", "2025-06-19T10:00:00Z")});
  EXPECT_EQ(told_of(p, own_type::not_applied), 0u);
  p.when(eta("06-10", "2025-06-18T10:00:00Z"));
  EXPECT_EQ(told_of(p, own_type::not_applied), 1u);
  EXPECT_EQ(p.last()[1].type, own_type::not_applied);
  EXPECT_EQ(p.last()[1].causation_id, p.last()[0].id);
}

}  // namespace
}  // namespace plo::spec
