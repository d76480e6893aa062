// Finding the project, repeats, dead letters and their return.
#include "tests/core/actor_fixture.hpp"

namespace plo::actors::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(actor_test, a_created_project_is_stored_and_answered_with_its_place) {
  const auto reply = ingest(post("crm", "E-1", "project.created").ref("P-1"));
  EXPECT_EQ(reply.what, outcome::stored);
  EXPECT_EQ(reply.pos.value, 1u);
  const auto stored = log.at(reply.pos);
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->id, reply.event);
  EXPECT_EQ(stored->stream, stream_id::of(reply.project));
}

TEST_F(actor_test, the_sources_own_reference_comes_before_anybodys) {
  const auto a = ingest(post("crm", "E-1", "project.created").ref("X"));
  const auto b = ingest(post("erp", "E-2", "quote_products.created").ref("Y"));
  // erp calls project b "Y"; it now learns to call project a "Z" by its id.
  ingest(post("erp", "E-3", "stock.check_ok").ref("Z").in(a.project));
  EXPECT_EQ(ingest(post("erp", "E-4", "stock.check_ok").ref("Z")).project, a.project);
  EXPECT_EQ(ingest(post("erp", "E-5", "stock.check_ok").ref("Y")).project, b.project);
}

TEST_F(actor_test, a_reference_known_from_any_source_leads_to_the_project) {
  const auto a = ingest(post("crm", "E-1", "project.created").ref("X"));
  EXPECT_EQ(ingest(post("oms", "E-2", "shipment.dispatched").ref("X")).project, a.project);
}

TEST_F(actor_test, an_orders_reference_serves_as_project_reference) {
  const auto a = ingest(post("crm", "E-1", "project.created").ref("X"));
  ingest(post("erp", "E-2", "order.confirmed").ref("X").order("CMD-1"));
  EXPECT_EQ(ingest(post("oms", "E-3", "shipment.dispatched").ref("CMD-1")).project, a.project);
}

TEST_F(actor_test, a_reference_that_two_projects_know_is_ambiguous) {
  const auto a = ingest(post("crm", "E-1", "project.created").ref("A"));
  const auto b = ingest(post("crm", "E-2", "project.created").ref("B"));
  ingest(post("erp", "E-3", "stock.check_ok").ref("S").in(a.project));
  ingest(post("oms", "E-4", "stock.check_ok").ref("S").in(b.project));
  const auto reply = ingest(post("wfm", "E-5", "installation.scheduled").ref("S"));
  EXPECT_EQ(reply.what, outcome::dead_letter);
  EXPECT_THAT(reply.reason, HasSubstr("2 projects"));
  EXPECT_EQ(ingest(post("oms", "E-6", "stock.check_ok").ref("S")).project, b.project);
}

TEST_F(actor_test, an_unknown_project_id_is_a_dead_letter_even_with_a_known_reference) {
  ingest(post("crm", "E-1", "project.created").ref("X"));
  EXPECT_EQ(ingest(post("crm", "E-2", "note.made").ref("X").in({make_uuid_v7(5)})).what, outcome::dead_letter);
}

TEST_F(actor_test, references_in_the_payload_lead_to_the_project) {
  const auto a = ingest(post("crm", "E-1", "project.created").ref("X"));
  ingest(post("erp", "E-2", "order.confirmed").ref("X").order("O-1"));
  EXPECT_EQ(ingest(post("oms", "E-3", "shipment.dispatched").ref("unknown").order("O-1")).project, a.project);
}

TEST_F(actor_test, the_customers_single_open_project_takes_the_event) {
  const auto a = ingest(post("crm", "E-1", "project.created").ref("X").customer("C"));
  const auto reply = ingest(post("erp", "E-2", "order.confirmed").ref("new").customer("C"));
  EXPECT_EQ(reply.project, a.project);
  EXPECT_EQ(ingest(post("erp", "E-3", "stock.check_ok").ref("new")).project, a.project);
}

TEST_F(actor_test, a_customer_with_two_open_projects_decides_nothing) {
  ingest(post("crm", "E-1", "project.created").ref("X").customer("C"));
  ingest(post("crm", "E-2", "project.created").ref("Y").customer("C"));
  EXPECT_EQ(ingest(post("erp", "E-3", "order.confirmed").ref("new").customer("C")).what, outcome::dead_letter);
}

TEST_F(actor_test, a_project_older_than_the_attach_period_takes_nothing) {
  ingest(post("crm", "E-1", "project.created").ref("X").customer("C").at("2025-01-01T00:00:00Z"));
  const auto late = post("erp", "E-2", "order.confirmed").ref("n").customer("C").at("2025-06-30T00:00:01Z");
  EXPECT_EQ(ingest(late).what, outcome::dead_letter);
  const auto in_time = post("erp", "E-3", "order.confirmed").ref("m").customer("C").at("2025-06-30T00:00:00Z");
  EXPECT_EQ(ingest(in_time).what, outcome::stored);
}

TEST_F(actor_test, a_type_that_opens_projects_opens_one_when_nothing_else_fits) {
  const auto a = ingest(post("inspiration_tool", "E-1", "inspiration.started").ref("SIM-1").customer("C"));
  EXPECT_EQ(a.what, outcome::stored);
  const auto b = ingest(post("erp", "E-2", "quote_products.created").ref("Q-1").customer("C"));
  EXPECT_EQ(b.project, a.project);
  EXPECT_EQ(ingest(post("crm", "E-3", "project.created").ref("P-1").customer("C")).project == a.project, false);
}

TEST_F(actor_test, a_batch_sees_what_its_earlier_lines_taught) {
  send({post("crm", "E-1", "project.created").ref("X").customer("C"),
        post("erp", "E-2", "order.confirmed").ref("X").order("O-1"),
        post("oms", "E-3", "shipment.dispatched").ref("O-1"),
        post("erp", "E-4", "order.confirmed").ref("other").customer("C"),
        post("erp", "E-5", "picking.started").ref("other")});
  run();
  for (const auto& reply : replies) EXPECT_EQ(reply->project, replies[0]->project);
  EXPECT_THAT(inputs_of(replies[0]->project), ElementsAre("project.created", "order.confirmed", "shipment.dispatched",
                                                          "order.confirmed", "picking.started"));
}

TEST_F(actor_test, the_customer_step_waits_for_a_project_that_is_about_to_close) {
  send({post("crm", "E-1", "project.created").ref("X").customer("C"), post("crm", "E-2", "project.closed").ref("X"),
        post("erp", "E-3", "order.confirmed").ref("new").customer("C")});
  run();
  EXPECT_EQ(replies[1]->what, outcome::stored);
  EXPECT_EQ(replies[2]->what, outcome::dead_letter) << "the only project of the customer is closed";
}

TEST_F(actor_test, a_repeat_answers_with_the_first) {
  const auto first = ingest(post("crm", "E-1", "project.created").ref("X"));
  const auto again = ingest(post("crm", "E-1", "project.created").ref("X"));
  EXPECT_EQ(again.what, outcome::duplicate);
  EXPECT_FALSE(again.conflict);
  EXPECT_EQ(again.event, first.event);
  EXPECT_EQ(again.project, first.project);
  EXPECT_EQ(again.pos, first.pos);
}

TEST_F(actor_test, a_repeat_in_the_same_request_waits_for_the_first) {
  send({post("crm", "E-1", "project.created").ref("X"), post("crm", "E-1", "project.created").ref("X")});
  run();
  EXPECT_EQ(replies[0]->what, outcome::stored);
  EXPECT_EQ(replies[1]->what, outcome::duplicate);
  EXPECT_EQ(replies[1]->event, replies[0]->event);
}

TEST_F(actor_test, a_contradiction_is_recorded_once_and_changes_nothing) {
  const auto first = ingest(post("crm", "E-1", "project.created").ref("X").payload(R"({"store_id":"A"})"));
  const auto before = log.version_of(stream_id::of(first.project));
  for (int i = 0; i < 2; ++i) {
    const auto other = ingest(post("crm", "E-1", "project.created").ref("X").payload(R"({"store_id":"B"})"));
    EXPECT_EQ(other.what, outcome::duplicate);
    EXPECT_TRUE(other.conflict);
    EXPECT_EQ(other.event, first.event);
  }
  EXPECT_EQ(log.version_of(stream_id::of(first.project)), before);
  EXPECT_EQ(log.version_of(stream_id::dead_letters()).value, 1u);
  EXPECT_EQ(log.at(log.head().last)->type, "ingest.conflict");
}

TEST_F(actor_test, the_same_payload_in_another_order_of_keys_is_no_contradiction) {
  ingest(post("crm", "E-1", "project.created").ref("X").payload(R"({"a":1,"b":2})"));
  EXPECT_FALSE(ingest(post("crm", "E-1", "project.created").ref("X").payload(R"({"b":2,"a":1})")).conflict);
}

TEST_F(actor_test, a_dead_letter_answers_its_repeats_with_the_same_id) {
  const auto first = ingest(post("erp", "E-1", "order.confirmed").ref("X"));
  EXPECT_EQ(first.what, outcome::dead_letter);
  const auto again = ingest(post("erp", "E-1", "order.confirmed").ref("X"));
  EXPECT_EQ(again.what, outcome::dead_letter);
  EXPECT_EQ(again.letter, first.letter);
  EXPECT_EQ(again.reason, first.reason);
  EXPECT_EQ(log.version_of(stream_id::dead_letters()).value, 1u);
}

TEST_F(actor_test, dead_letters_are_drained_in_order_when_their_reference_becomes_known) {
  ingest(post("erp", "E-1", "order.confirmed").ref("X").order("O-1"));
  ingest(post("oms", "E-2", "shipment.dispatched").ref("X"));
  ingest(post("oms", "E-3", "shipment.arrived_at_station").ref("other"));
  EXPECT_EQ(metrics.dead_letters_waiting, 3);
  const auto opened = ingest(post("crm", "E-4", "project.created").ref("X"));
  EXPECT_THAT(inputs_of(opened.project), ElementsAre("project.created", "order.confirmed", "shipment.dispatched"));
  EXPECT_EQ(metrics.dead_letters_waiting, 1);
  const auto repeat = ingest(post("oms", "E-2", "shipment.dispatched").ref("X"));
  EXPECT_EQ(repeat.what, outcome::duplicate);
  EXPECT_EQ(repeat.project, opened.project);
}

TEST_F(actor_test, a_drained_letter_may_teach_what_drains_the_next) {
  ingest(post("oms", "E-1", "shipment.dispatched").ref("O-1"));
  ingest(post("erp", "E-2", "order.confirmed").ref("X").order("O-1"));
  const auto opened = ingest(post("crm", "E-3", "project.created").ref("X"));
  EXPECT_THAT(inputs_of(opened.project), ElementsAre("project.created", "order.confirmed", "shipment.dispatched"));
  EXPECT_EQ(metrics.dead_letters_waiting, 0);
}

TEST_F(actor_test, a_reference_that_becomes_known_while_its_letter_is_written_still_drains_it) {
  send({post("erp", "E-1", "order.confirmed").ref("X"), post("crm", "E-2", "project.created").ref("X")});
  run();
  EXPECT_EQ(replies[0]->what, outcome::dead_letter);
  EXPECT_THAT(inputs_of(replies[1]->project), ElementsAre("project.created", "order.confirmed"));
}

TEST_F(actor_test, dead_letters_are_known_again_after_a_restart) {
  ingest(post("erp", "E-1", "order.confirmed").ref("X"));
  TearDown();
  start(1000);
  const auto opened = ingest(post("crm", "E-2", "project.created").ref("X"));
  EXPECT_THAT(inputs_of(opened.project), ElementsAre("project.created", "order.confirmed"));
}

TEST_F(event_clock_test, every_accepted_event_moves_the_event_clock) {
  ingest(post("erp", "E-1", "order.confirmed").ref("X").at("2025-01-01T00:00:00Z"));
  EXPECT_EQ(format_instant(clock.now()), "2025-01-01T00:00:00.000Z");
  ingest(post("erp", "E-2", "order.confirmed").ref("X").at("2024-01-01T00:00:00Z"));
  EXPECT_EQ(format_instant(clock.now()), "2025-01-01T00:00:00.000Z");
}

}  // namespace
}  // namespace plo::actors::test
