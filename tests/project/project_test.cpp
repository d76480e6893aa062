// The project itself: identity, status, closing, upstream steps, operators.
#include "tests/project/given.hpp"

namespace plo {
namespace {

using namespace spec;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(domain_project, created_with_all_it_says) {
  auto e = said("project.created", "06-01 10:00",
                R"({"customer_id":"C","project_type":"kitchen","channel_origin":"store","store_id":"S","installation_required":true,
                    "promised_installation_date":"2025-07-01","customer_name":"Anne","customer_email":"a@b.fr","metadata":{"n": 1.50}})");
  const auto p = given({e});
  EXPECT_EQ(p->id, test_project);
  EXPECT_TRUE(p->exists);
  EXPECT_EQ(p->created_at, at("06-01 10:00"));
  EXPECT_EQ(p->updated_at, e.recorded_at);
  EXPECT_EQ(p->customer_id.value, "C");
  EXPECT_EQ(p->project_type.value, "kitchen");
  EXPECT_EQ(p->channel_origin.value, "store");
  EXPECT_EQ(p->store_id.value, "S");
  EXPECT_EQ(p->installation_required.value, true);
  EXPECT_EQ(p->promised_installation_date, day("07-01"));
  EXPECT_EQ(p->customer_name.value, "Anne");
  EXPECT_EQ(p->customer_email.value, "a@b.fr");
  EXPECT_EQ(p->metadata.value, R"({"n":1.50})");
  EXPECT_EQ(p->status, project_status::draft);
  EXPECT_THAT(p->project_refs, ElementsAre("CMD-1"));
  EXPECT_THAT(p->steps, SizeIs(8));
  EXPECT_TRUE(is_open(*p));
}

TEST(domain_project, created_may_come_after_other_events) {
  const auto p = given({confirmed("O1", "06-02", R"(,"customer_id":"buyer")"), said("project.created", "06-01", R"({"customer_id":"C","store_id":"S"})")});
  EXPECT_EQ(p->created_at, at("06-02")) << "stays that of the event that opened it";
  EXPECT_EQ(p->customer_id.value, "C");
  EXPECT_EQ(p->store_id.value, "S");
  EXPECT_EQ(p->status, project_status::active);
}

TEST(domain_project, the_customer_is_the_first_one_named_until_project_created_says) {
  const auto p = given({said("quote_products.created", "06-02", R"({"customer_id":"B"})"), said("inspiration.started", "06-01", R"({"customer_id":"A"})")});
  EXPECT_EQ(p->customer_id.value, "A");
}

TEST(domain_project, references_are_those_its_events_teach) {
  auto e = said("shipment.dispatched", "06-01", R"({"order_ref":"O1","shipment_id":"S"})");
  e.order_ref = "O-TOP";
  const auto p = given({e, said("lastmile.scheduled", "06-02", R"({"lastmile_id":"L"})"), said("installation.scheduled", "06-03", R"({"installation_id":"I"})")});
  EXPECT_THAT(p->refs, ElementsAre(reference{reference_kind::project, "erp", "CMD-1"}, reference{reference_kind::order, "erp", "O-TOP"},
                                   reference{reference_kind::order, "erp", "O1"}, reference{reference_kind::shipment, "erp", "S"},
                                   reference{reference_kind::lastmile, "erp", "L"}, reference{reference_kind::installation, "erp", "I"}));
}

TEST(domain_project, promised_date_is_the_latest_of_its_orders) {
  auto p = given({confirmed("O1"), said("order.confirmed", "06-02", R"({"order_ref":"O2","promised_delivery_date":"2025-06-28","promised_installation_date":"2025-07-02"})")});
  EXPECT_EQ(p->promised_delivery_date, day("06-28"));
  EXPECT_EQ(p->promised_installation_date, day("07-02"));
  p.when(said("order.cancelled", "06-03", R"({"order_ref":"O2"})"));
  EXPECT_EQ(p->promised_delivery_date, day("06-20"));
  EXPECT_EQ(p->promised_installation_date, std::nullopt);
  EXPECT_THAT(p.derived(), Contains("project.recalculated"));
}

TEST(domain_project, the_first_confirmed_order_makes_it_active) {
  auto p = given({said("project.created", "06-01"), said("stock.check_ok", "06-02", R"({"order_ref":"O1"})")});
  EXPECT_EQ(p->status, project_status::draft);
  p.when(confirmed("O1", "06-03"));
  EXPECT_EQ(p->status, project_status::active);
  EXPECT_TRUE(same_json(p.derived("project.status_changed").data, R"({"from":"draft","to":"active","reason":"order.confirmed"})"));
}

TEST(domain_project, closes_by_itself_when_delivered_and_nothing_is_to_be_installed) {
  auto p = given({confirmed("O1")});
  p.when(said("lastmile.delivered", "06-20"));
  EXPECT_EQ(p->status, project_status::completed);
  EXPECT_EQ(p->closed_at, at("06-20"));
  EXPECT_TRUE(same_json(p.derived("project.closed").data, R"({"reason":"automatic","closed_at":"2025-06-20T00:00:00.000Z"})"));
  EXPECT_EQ(p.step_of(step_type::project_closed).completed_at, at("06-20"));
  EXPECT_FALSE(is_open(*p));
}

TEST(domain_project, does_not_close_on_a_partial_delivery) {
  EXPECT_EQ(given({confirmed("O1"), said("lastmile.partial_delivered", "06-20")})->status, project_status::active);
}

TEST(domain_project, waits_for_the_installation_when_one_is_required) {
  const auto by_project = said("project.created", "06-01", R"({"installation_required":true})");
  const auto by_order = confirmed("O2", "06-01", R"(,"installation_required":true)");
  for (const auto& requirement : {by_project, by_order}) {
    auto p = given({requirement, confirmed("O1"), said("lastmile.delivered", "06-20")});
    EXPECT_EQ(p->status, project_status::active);
    p.when(said("installation.completed", "06-22"));
    EXPECT_EQ(p->status, project_status::active);
    p.when(said("installation.closed", "06-23"));
    EXPECT_EQ(p->status, project_status::completed);
    EXPECT_EQ(p->closed_at, at("06-23"));
  }
}

TEST(domain_project, a_cancelled_orders_installation_is_not_waited_for) {
  auto p = given({confirmed("O1"), confirmed("O2", "06-01", R"(,"installation_required":true)"), said("lastmile.delivered", "06-20")});
  EXPECT_EQ(p->status, project_status::active);
  p.when(said("order.cancelled", "06-21", R"({"order_ref":"O2"})"));
  EXPECT_EQ(p->status, project_status::completed);
  EXPECT_EQ(p->closed_at, at("06-21"));
}

TEST(domain_project, closing_does_not_depend_on_the_order_of_arrival) {
  const auto delivered = said("lastmile.delivered", "06-20");
  auto p = given({confirmed("O1"), delivered});
  EXPECT_EQ(p->status, project_status::completed);
  p.when(confirmed("O2", "06-02", R"(,"installation_required":true)"));
  EXPECT_EQ(p->status, project_status::active) << "a late event shows that an installation was required";
  EXPECT_THAT(p.derived(), Contains("project.reopened"));
  p.when(said("installation.closed", "06-19"));
  EXPECT_EQ(p->status, project_status::completed);
  EXPECT_EQ(p->closed_at, at("06-20"));
}

TEST(domain_project, an_order_confirmed_after_the_closing_opens_it_again) {
  auto p = given({confirmed("O1"), said("lastmile.delivered", "06-20")});
  EXPECT_EQ(p->status, project_status::completed);
  p.when(confirmed("O2", "06-25", R"(,"installation_required":true)"));
  EXPECT_EQ(p->status, project_status::active);
  EXPECT_THAT(p.derived("project.reopened").data, testing::HasSubstr("order_confirmed"));
}

TEST(domain_project, sources_and_operators_close_it_at_any_time) {
  for (const auto& closing : {said("project.closed", "06-05"), said("project.closed_with_issue", "06-05"), did("project.closed", "06-05", R"({"comment":"done"})")}) {
    auto p = given({confirmed("O1"), closing});
    EXPECT_EQ(p->status, project_status::completed);
    EXPECT_EQ(p->closed_at, at("06-05"));
    EXPECT_EQ(p.of("O1").concluded.status, order_status::closed);
    EXPECT_EQ(p.status_of(step_type::project_closed), step_status::completed);
  }
}

TEST(domain_project, reopened_reopens) {
  auto p = given({confirmed("O1"), said("project.closed", "06-05"), said("project.reopened", "06-06")});
  EXPECT_EQ(p->status, project_status::active);
  EXPECT_EQ(p->closed_at, std::nullopt);
  p.when(said("project.closed", "06-04"));
  EXPECT_EQ(p->status, project_status::active) << "closed before it was reopened";
}

TEST(domain_project, what_closed_by_itself_stays_open_once_reopened_until_it_is_delivered_anew) {
  auto p = given({confirmed("O1"), said("lastmile.delivered", "06-20"), did("project.reopened", "06-21")});
  EXPECT_EQ(p->status, project_status::active);
  p.when(said("quality.survey_sent", "06-22"));
  EXPECT_EQ(p->status, project_status::active);
  p.when(said("lastmile.delivered", "06-25"));
  EXPECT_EQ(p->status, project_status::completed);
  EXPECT_EQ(p->closed_at, at("06-25"));
}

TEST(domain_project, on_hold_and_cancelled_are_set_by_hand) {
  auto p = given({confirmed("O1"), did("project.status_set", "06-05", R"({"status":"on_hold"})")});
  EXPECT_EQ(p->status, project_status::on_hold);
  EXPECT_TRUE(is_open(*p));
  p.when(confirmed("O2", "06-06"));
  EXPECT_EQ(p->status, project_status::on_hold) << "only a hand takes it off hold";
  p.when(did("project.status_set", "06-07", R"({"status":"active"})"));
  EXPECT_EQ(p->status, project_status::active);
  p.when(did("project.status_set", "06-08", R"({"status":"cancelled"})"));
  EXPECT_EQ(p->status, project_status::cancelled);
  EXPECT_EQ(p.status_of(step_type::project_closed), step_status::skipped);
  EXPECT_FALSE(is_open(*p));
  p.when(said("lastmile.delivered", "06-20"));
  EXPECT_EQ(p->status, project_status::cancelled) << "it does not close by itself";
}

TEST(domain_project, a_project_on_hold_still_closes_when_delivered) {
  const auto p = given({confirmed("O1"), did("project.status_set", "06-05", R"({"status":"on_hold"})"), said("lastmile.delivered", "06-20")});
  EXPECT_EQ(p->status, project_status::completed);
}

TEST(domain_project, completed_by_hand_counts_as_closed) {
  const auto p = given({confirmed("O1"), did("project.status_set", "06-05", R"({"status":"completed"})")});
  EXPECT_EQ(p->status, project_status::completed);
  EXPECT_EQ(p->closed_at, at("06-05"));
}

TEST(domain_project, draft_by_hand_holds_until_the_next_confirmation) {
  auto p = given({confirmed("O1"), did("project.status_set", "06-05", R"({"status":"draft"})")});
  EXPECT_EQ(p->status, project_status::draft);
  p.when(confirmed("O2", "06-06"));
  EXPECT_EQ(p->status, project_status::active);
}

TEST(domain_project, inspiration_step) {
  auto p = given({said("inspiration.started", "06-01")});
  EXPECT_EQ(p.status_of(step_type::inspiration), step_status::in_progress);
  p.when(said("inspiration.completed", "06-02"));
  EXPECT_EQ(p.step_of(step_type::inspiration).completed_at, at("06-02"));
  p.when(said("inspiration.converted", "06-03"));
  EXPECT_EQ(p.step_of(step_type::inspiration).completed_at, at("06-02"));
  EXPECT_EQ(p->seen.first(event_type::inspiration_completed), at("06-02"));
}

TEST(domain_project, quote_steps) {
  auto p = given({said("quote_products.created", "06-01", R"({"quote_id":"Q1"})")});
  EXPECT_EQ(p.status_of(step_type::quote_products), step_status::in_progress);
  p.when(said("quote_products.sent", "06-02"));
  p.when(said("quote_products.expired", "06-03"));
  EXPECT_EQ(p.status_of(step_type::quote_products), step_status::anomaly);
  p.when(said("quote_products.created", "06-04", R"({"quote_id":"Q2"})"));
  EXPECT_EQ(p.status_of(step_type::quote_products), step_status::in_progress);
  p.when(said("quote_products.accepted", "06-05"));
  EXPECT_EQ(p.step_of(step_type::quote_products).completed_at, at("06-05"));
  p.when(said("quote_installation.created", "06-06"));
  EXPECT_EQ(p.status_of(step_type::quote_installation), step_status::in_progress);
  p.when(said("quote_installation.sent", "06-07"));
  p.when(said("quote_installation.accepted", "06-08"));
  EXPECT_EQ(p.status_of(step_type::quote_installation), step_status::completed);
}

TEST(domain_project, quality_events_are_kept) {
  const auto p = given({said("quality.survey_sent", "06-20"), said("quality.survey_completed", "06-22", R"({"score":4,"scale":5})"),
                        said("quality.survey_completed", "06-21", R"({"score":1})"), said("quality.issue_raised", "06-23")});
  EXPECT_EQ(p->survey_score, 4);
  EXPECT_EQ(p->survey_scale, 5);
  EXPECT_EQ(p->seen.last(event_type::quality_issue_raised), at("06-23"));
}

TEST(domain_project, a_type_outside_the_catalogue_changes_nothing_but_the_counters) {
  auto p = given({confirmed("O1")});
  auto before = *p;
  p.when(said("crane.ordered", "06-05", R"({"order_ref":"O1"})"));
  EXPECT_THAT(p.derived(), IsEmpty());
  EXPECT_EQ(p->events, before.events + 1);
  before.events = p->events;
  before.newest = p->newest;
  EXPECT_EQ(*p, before);
}

TEST(domain_project, a_source_cannot_set_conclusions) {
  auto p = given({confirmed("O1")});
  for (const auto& forged : {said("steps.changed", "06-05", R"({"changes":[{"step_type":"project_closed","status":"completed"}]})"),
                             said("order.recalculated", "06-05", R"({"order_ref":"O1","status":"closed","delivered":true})"),
                             said("consolidation.recalculated", "06-05", R"({"status":"complete"})"),
                             said("project.status_changed", "06-05", R"({"to":"cancelled"})"), said("project.recalculated", "06-05"),
                             said("note.added", "06-05", R"({"comment":"x"})"), said("project.assigned", "06-05", R"({"assigned_to":"x"})"),
                             said("project.status_set", "06-05", R"({"status":"cancelled"})"),
                             said("step.updated", "06-05", R"({"step_type":"inspiration","status":"completed"})"),
                             said("partial_delivery.approved", "06-05", R"({"customer":true,"installer":true})"),
                             said("order.created", "06-05", R"({"order_ref":"O7"})")}) {
    auto before = *p;
    p.when(forged);
    before.events = p->events;
    before.newest = p->newest;
    before.refs = p->refs;  // references are learnt from any event
    EXPECT_EQ(*p, before) << forged.type;
  }
}

TEST(domain_project, a_clock_event_changes_only_the_counters) {
  auto p = given({confirmed("O1")});
  auto before = *p;
  auto tick = said("deadline.passed", "06-05", R"({"order_ref":"O5"})");
  tick.kind = event_kind::clock;
  p.when(tick);
  before.events = p->events;
  EXPECT_EQ(*p, before);
}

// --- operators ---

TEST(domain_operator, notes_and_assignment) {
  auto p = given({confirmed("O1"), did("note.added", "06-05", R"({"comment":"called"})"), did("project.assigned", "06-06", R"({"assigned_to":"u1"})")});
  ASSERT_THAT(p->notes, SizeIs(1));
  EXPECT_EQ(p->notes[0], (note{"called", "anna", at("06-05")}));
  EXPECT_EQ(p->assigned_to, "u1");
  p.when(did("project.assigned", "06-07", R"({"assigned_to":null})"));
  EXPECT_EQ(p->assigned_to, "");
}

TEST(domain_operator, creates_an_order_in_advance) {
  auto p = given({did("order.created", "06-01", R"({"order_ref":"O1","promised_delivery_date":"2025-06-28","lines":[{"sku":"A"}]})")});
  EXPECT_EQ(p.of("O1").concluded.status, order_status::draft);
  EXPECT_EQ(p->promised_delivery_date, day("06-28"));
  EXPECT_THAT(p.of("O1").lines, SizeIs(1));
  p.when(confirmed("O1", "06-02"));
  EXPECT_THAT(p->orders, SizeIs(1));
  EXPECT_EQ(p.of("O1").concluded.status, order_status::confirmed);
}

TEST(domain_operator, approves_a_partial_delivery) {
  const auto p = given({confirmed("O1"), did("partial_delivery.approved", "06-05", R"({"customer":true,"installer":true})")});
  EXPECT_TRUE(p->consolidation->concluded.partial_delivery_approved);
}

TEST(domain_operator, a_step_set_by_hand_wins_over_older_facts_and_loses_to_newer_ones) {
  auto p = given({confirmed("O1"), said("picking.started", "06-02", R"({"order_ref":"O1"})"),
                  did("step.updated", "06-03", R"({"step_type":"picking_preparation","order_ref":"O1","status":"completed","comment":"by phone"})")});
  EXPECT_EQ(p.status_of(step_type::picking_preparation, "O1"), step_status::completed);
  EXPECT_EQ(p.step_of(step_type::picking_preparation, "O1").completed_at, at("06-03"));
  p.when(said("picking.discrepancy", "06-04", R"({"order_ref":"O1"})"));
  EXPECT_EQ(p.status_of(step_type::picking_preparation, "O1"), step_status::anomaly);
  p.when(did("step.updated", "06-05", R"({"step_type":"picking_preparation","order_ref":"O1","status":"skipped"})"));
  EXPECT_EQ(p.status_of(step_type::picking_preparation, "O1"), step_status::skipped);
}

TEST(domain_operator, sets_steps_of_the_project_and_the_installation) {
  auto p = given({confirmed("O1"), said("installation.scheduled", "06-02"), did("step.updated", "06-03", R"({"step_type":"inspiration","status":"skipped"})"),
                  did("step.updated", "06-04", R"({"step_type":"installation_execution","status":"in_progress"})")});
  EXPECT_EQ(p.status_of(step_type::inspiration), step_status::skipped);
  EXPECT_EQ(p.status_of(step_type::installation_execution), step_status::in_progress);
  EXPECT_EQ(p.step_of(step_type::installation_execution).started_at, at("06-04"));
  p.when(did("step.updated", "06-05", R"({"step_type":"no_such_step","status":"skipped"})"));
  EXPECT_THAT(p.derived(), IsEmpty());
  p.when(did("step.updated", "06-05", R"({"step_type":"stock_check","order_ref":"O1","status":"skipped"})"));
  EXPECT_EQ(p.status_of(step_type::stock_check, "O1"), step_status::skipped);
}

}  // namespace
}  // namespace plo
