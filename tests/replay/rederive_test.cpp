// Rederivation: what the engine stored follows from what stands before it, and what was doctored does not.
#include "replay/rederive.hpp"

#include <fmt/format.h>

#include "tests/replay/recorded.hpp"

namespace plo::replay::test {
namespace {

using ::testing::HasSubstr;

rederive_report check(const eventstore::log& log) { return rederive(log, {}); }

#define EXPECT_REDERIVES(log)                       \
  do {                                              \
    const auto report = check(log);                 \
    EXPECT_TRUE(report.ok()) << to_json(report);    \
    EXPECT_EQ(report.events, (log).head().last.value); \
    EXPECT_GT(report.inputs, 0u);                   \
  } while (false)

TEST(rederiving, history_on_the_event_clock) {
  recording r(project_clock::mode::event);
  r.ingest_demo();
  EXPECT_REDERIVES(r.log());
}

TEST(rederiving, the_same_history_told_today) {
  recording r(project_clock::mode::wall);
  r.ingest_demo();
  EXPECT_REDERIVES(r.log());
}

TEST(rederiving, the_engine_says_first_who_decides) {
  recording r(project_clock::mode::event);
  r.ingest_demo();
  const auto first = r.log().at({1});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->type, "engine.started");
  EXPECT_EQ(first->data, fmt::format(R"({{"decider":{},"finding":{{"version":{},"opens_project":["project.created","inspiration.started","quote_products.created"],"attach_period_ms":15552000000}}}})", decider_version, finding_version));
  EXPECT_EQ(check(r.log()).other_decider, 0u);
}

TEST(rederiving, what_another_decider_made_is_counted_and_not_decided_again) {
  recording r(project_clock::mode::event);
  r.ingest_demo();
  // The same log, as an older engine would have left it: what it concluded this one would not.
  const auto older = copy_of(r.log(), [](recorded_event& e) {
    if (e.type == "engine.started") e.data = R"({"decider":1})";
    if (e.type == "steps.changed") e.data = R"({"changes":[]})";
    return true;
  });
  const auto report = check(*older);
  EXPECT_TRUE(report.ok()) << to_json(report);
  EXPECT_EQ(report.inputs, 0u);
  EXPECT_GT(report.other_decider, 100u);
}

TEST(rederiving, memory_for_few_projects_is_enough) {
  recording r(project_clock::mode::event);
  r.ingest_demo();
  rederive_options options;
  options.max_states = 3;
  const auto report = rederive(r.log(), options);
  EXPECT_TRUE(report.ok()) << to_json(report);
}

TEST(rederiving, commands_escalations_snoozes_and_late_events) {
  recording r(project_clock::mode::event);
  r.ingest(body("ecommerce", "1", "project.created", "P", "2026-01-01T08:00:00Z", {{"customer_id", "C"}}));
  r.ingest(body("erp", "2", "order.confirmed", "P", "2026-01-02T08:00:00Z", {{"order_ref", "O"}, {"promised_delivery_date", "2026-02-10"}}));
  r.ingest(body("tms", "3", "shipment.dispatched", "P", "2026-01-03T08:00:00Z", {{"order_ref", "O"}, {"shipment_id", "S"}, {"leg_number", 1}}));
  // Silent for a day and more: ANO-21, which nobody acknowledges.
  r.ingest(body("tms", "4", "weather.report", "P", "2026-01-08T08:00:00Z"));
  const auto project = *first(r.log(), "project.created").stream.project();
  EXPECT_EQ(first(r.log(), "anomaly.escalated").kind, event_kind::derived);
  r.ingest(body("erp", "5", "consolidation.exception", "P", "2026-01-08T09:00:00Z", {{"reason", "flood"}}));
  const auto raised = json::parse(first(r.log(), "anomaly.raised").data);
  for (const auto& e : events_of(r.log())) {
    if (e.type != "anomaly.raised") continue;
    const auto data = json::parse(e.data);
    if (data["rule_id"] == "ANO-18")
      r.command(project, "anomaly.snoozed", {{"anomaly_id", data["anomaly_id"]}, {"rule_id", "ANO-18"}, {"until", "2026-01-09T09:00:00.000Z"}});
  }
  r.command(project, "anomaly.acknowledged", {{"anomaly_id", raised["anomaly_id"]}, {"rule_id", raised["rule_id"]}});
  r.command(project, "step.updated", {{"step_type", "stock_check"}, {"order_ref", "O"}, {"status", "completed"}});
  r.ingest(body("tms", "6", "shipment.eta_updated", "P", "2026-01-20T08:00:00Z", {{"order_ref", "O"}, {"shipment_id", "S"}, {"estimated_arrival", "2026-03-01T00:00:00Z"}}));
  // Late: it happened before the deadline that found nothing.
  r.ingest(body("tms", "7", "shipment.in_transit", "P", "2026-01-03T20:00:00Z", {{"order_ref", "O"}, {"shipment_id", "S"}}));
  r.command(project, "project.closed");
  EXPECT_REDERIVES(r.log());
}

TEST(rederiving, rules_that_change_in_between) {
  for (const auto clock : {project_clock::mode::event, project_clock::mode::wall}) {
    recording r(clock);
    r.ingest(body("ecommerce", "1", "project.created", "P", "2026-01-01T08:00:00Z", {{"customer_id", "C"}}));
    r.ingest(body("erp", "2", "order.confirmed", "P", "2026-01-02T08:00:00Z", {{"order_ref", "O"}, {"promised_delivery_date", "2026-02-10"}}));
    r.ingest(body("oms", "3", "stock.shortage", "P", "2026-01-10T08:00:00Z", {{"order_ref", "O"}, {"skus", {"A"}}}));
    r.change_rule(changed_rule("ANO-01", {{"params", {{"within", "P90D"}}}, {"severity", "warning"}}));
    r.change_rule(changed_rule("ANO-08", {{"params", {{"lead", "-P60D"}}}}));  // makes a deadline due that was not
    r.ingest(body("oms", "4", "stock.shortage", "P", "2026-01-11T08:00:00Z", {{"order_ref", "O2"}, {"skus", {"B"}}}));
    r.change_rule(changed_rule("ANO-26", {{"active", false}}));
    r.ingest(body("oms", "5", "stock.partial", "P", "2026-01-12T08:00:00Z", {{"order_ref", "O"}, {"skus", {"A"}}}));
    EXPECT_REDERIVES(r.log());
  }
}

TEST(rederiving, letters_move_the_clock_and_are_drained) {
  recording r(project_clock::mode::event);
  r.ingest(body("tms", "1", "shipment.dispatched", "LATE", "2026-03-01T08:00:00Z", {{"order_ref", "O"}, {"shipment_id", "S"}}));
  r.ingest(body("ecommerce", "2", "project.created", "LATE", "2026-01-01T08:00:00Z", {{"customer_id", "C"}}));
  r.ingest(body("ecommerce", "3", "inspiration.completed", "LATE", "2026-01-01T08:00:00Z"));
  EXPECT_EQ(first(r.log(), "dead_letter.attached").kind, event_kind::derived);
  EXPECT_REDERIVES(r.log());
}

TEST(rederiving, a_repetition_with_a_later_time_moves_the_clock_unseen) {
  recording r(project_clock::mode::event);
  r.ingest(body("ecommerce", "1", "project.created", "P", "2026-01-01T08:00:00Z", {{"customer_id", "C"}}));
  r.ingest(body("erp", "2", "order.confirmed", "P", "2026-01-02T08:00:00Z", {{"order_ref", "O"}, {"promised_delivery_date", "2026-02-10"}}));
  r.ingest(body("erp", "2", "order.confirmed", "P", "2026-02-01T08:00:00Z", {{"order_ref", "O"}, {"promised_delivery_date", "2026-02-10"}}));
  r.ingest(body("oms", "3", "stock.shortage", "P", "2026-01-10T08:00:00Z", {{"order_ref", "O"}, {"skus", {"A"}}}));
  r.ingest(body("oms", "4", "stock.check_ok", "P", "2026-01-11T08:00:00Z", {{"order_ref", "O"}}));
  const auto report = check(r.log());
  EXPECT_TRUE(report.ok()) << to_json(report);
  EXPECT_GT(report.clock_moves, 0u);
}

TEST(rederiving, finds_a_doctored_conclusion) {
  recording r(project_clock::mode::event);
  r.ingest_demo();
  const auto victim = first(r.log(), "anomaly.raised");
  const auto doctored = copy_of(r.log(), [&](recorded_event& e) {
    if (e.pos != victim.pos) return true;
    const auto at = e.data.find(R"("severity":"critical")");
    if (at == std::string::npos) e.data.replace(e.data.find(R"("severity":"warning")"), 20, R"("severity":"critical")");
    else e.data.replace(at, 21, R"("severity":"warning")");
    return true;
  });
  const auto report = check(*doctored);
  EXPECT_FALSE(report.ok());
  ASSERT_FALSE(report.differences.empty());
  EXPECT_EQ(report.differences.front().at, victim.pos);
  EXPECT_EQ(report.differences.front().project, victim.stream.project());
  EXPECT_THAT(report.differences.front().what, HasSubstr("data"));
  EXPECT_THAT(report.differences.front().expected, HasSubstr("anomaly.raised"));
}

TEST(rederiving, finds_a_conclusion_that_was_left_out_and_one_that_was_put_in) {
  recording r(project_clock::mode::event);
  r.ingest_demo();
  const auto victim = first(r.log(), "steps.changed");
  const auto without = check(*copy_of(r.log(), [&](recorded_event& e) { return e.pos != victim.pos; }));
  ASSERT_FALSE(without.ok());
  EXPECT_EQ(without.differences.front().at, victim.pos);

  recording quiet(project_clock::mode::event);
  quiet.ingest(body("ecommerce", "1", "project.created", "P", "2026-01-01T08:00:00Z", {{"customer_id", "C"}}));
  quiet.ingest(body("erp", "2", "order.confirmed", "P", "2026-01-02T08:00:00Z", {{"order_ref", "O"}}));
  const auto copy = copy_of(quiet.log(), [](recorded_event&) { return true; });
  eventstore::append_request request;
  auto invented = static_cast<const event&>(first(*copy, "steps.changed"));
  request.appends.push_back({first(*copy, "project.created").stream, {}, {invented}});
  std::vector<eventstore::append_request> group;
  group.push_back(std::move(request));
  (void)copy->append(std::move(group));
  const auto report = check(*copy);
  ASSERT_EQ(report.differences_total, 1u) << to_json(report);
  EXPECT_EQ(report.differences.front().what, "follows from nothing");
  EXPECT_EQ(report.differences.front().at, copy->head().last);
}

TEST(rederiving, an_erased_person_is_no_difference) {
  eventstore::secret_key master{};
  master.fill(3);
  const std::vector<rules::rule_pointer> rules{rule_of(R"({"id":"NAMED","name":"n","scope":"project","severity":"warning","on":["inspiration.started"],
    "when":{"!=":[{"var":"event.payload.customer_name"},"nobody"]}})")};
  recording r(project_clock::mode::wall, rules, {personal_fields(usual_personal_fields()), master});
  r.ingest(body("ecommerce", "1", "project.created", "P", "2026-01-01T08:00:00Z", {{"customer_id", "C"}, {"customer_name", "Ada"}}));
  r.ingest(body("ecommerce", "2", "inspiration.started", "P", "2026-01-01T09:00:00Z", {{"customer_name", "Ada"}}));
  EXPECT_THAT(first(r.log(), "anomaly.raised").data, HasSubstr("Ada"));
  EXPECT_REDERIVES(r.log());
  std::promise<actors::command_reply> erased;
  r.engine->erase_customer("C", {}, "", actors::command_completion([&](actors::command_reply reply) { erased.set_value(std::move(reply)); }));
  EXPECT_EQ(erased.get_future().get().what, actors::command_reply::outcome::done);
  EXPECT_TRUE(r.engine->settle(std::chrono::seconds(20)));
  EXPECT_THAT(first(r.log(), "anomaly.raised").data, testing::Not(HasSubstr("Ada")));
  EXPECT_REDERIVES(r.log());
}

}  // namespace
}  // namespace plo::replay::test
