// The life of an anomaly: raised, triggered again, acknowledged, snoozed, escalated, resolved, reopened.
#include "domain/project/command.hpp"
#include "tests/rules/catalogue_events.hpp"

namespace plo::spec {

namespace {

const auto shortage = [](std::string_view when) { return about("stock.shortage", when, R"("skus":["A"])"); };
const auto in_stock = [](std::string_view when) { return about("stock.check_ok", when); };
const auto incident = [](std::string_view when) { return said("consolidation.exception", when); };

/// What an operator does with the anomaly of a rule.
event on(const watched& p, std::string_view rule_id, std::string_view what, std::string_view when, std::string_view more = "") {
  return did("anomaly." + std::string(what), when,
             fmt::format(R"({{"anomaly_id":"{}"{}{}}})", p.found(rule_id)->id.to_string(), more.empty() ? "" : ",", more));
}

std::vector<std::string> escalated_in(const watched& p) {
  std::vector<std::string> rules;
  for (const auto& e : p.last())
    if (e.type == own_type::anomaly_escalated) rules.emplace_back(json::get_string(json_document::parse(e.data)->root(), "rule_id").value_or(""));
  return rules;
}

}  // namespace

TEST(rules_life, the_built_in_catalogue_has_35_rules) { EXPECT_EQ(built_in_rules().all().size(), 35u); }

TEST(rules_life, an_anomaly_explains_itself) {
  watched p;
  p.told({ordered(), shortage("06-18 12:00")});
  const auto* a = p.found("ANO-01");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->severity, event_severity::critical);
  EXPECT_EQ(a->status, anomaly_status::open);
  EXPECT_EQ(a->entity, "O1");
  EXPECT_EQ(a->raised_at, at("06-18 12:00"));
  EXPECT_EQ(a->rule_version, 1u);
  EXPECT_EQ(a->facts, R"([{"path":"order.delivery_start","value":"2025-06-20"},{"path":"event.occurred_at","value":"2025-06-18T12:00:00.000Z"},{"path":"params.within","value":"PT72H"}])");
  EXPECT_EQ(p.told_whom("ANO-01"), (std::vector<std::string>{"email:buyer", "email:coordinator", "ticket:crm/to_validate"}));
  EXPECT_FALSE(p.is_open("ANO-26"));
}

// Triggered again.

TEST(rules_life, a_trigger_while_it_is_open_only_counts) {
  watched p;
  p.told({ordered(), incident("06-10"), incident("06-10 02:00")});
  EXPECT_EQ(p.found("ANO-18")->occurrences, 2u);
  EXPECT_EQ(p.found("ANO-18")->last_triggered_at, at("06-10 02:00"));
  EXPECT_EQ(p.found("ANO-18")->raised_at, at("06-10"));
  EXPECT_TRUE(p.told_whom("ANO-18").empty());
}

TEST(rules_life, acknowledged_and_snoozed_are_open_too) {
  watched p;
  p.told({ordered(), incident("06-10")});
  p.when(on(p, "ANO-18", "acknowledged", "06-10 01:00")).when(incident("06-20"));
  EXPECT_EQ(p.found("ANO-18")->status, anomaly_status::acknowledged);
  EXPECT_EQ(p.found("ANO-18")->occurrences, 2u);
  p.when(on(p, "ANO-18", "snoozed", "06-20 01:00", R"("until":"2025-06-30T00:00:00Z")")).when(incident("06-25"));
  EXPECT_EQ(p.found("ANO-18")->status, anomaly_status::snoozed);
  EXPECT_EQ(p.found("ANO-18")->occurrences, 3u);
}

TEST(rules_life, resolved_and_triggered_within_the_window_it_is_reopened) {
  watched p;
  p.told({ordered(), shortage("06-10 10:00")});
  const auto first = p.found("ANO-26")->id;
  p.told({in_stock("06-10 11:00"), shortage("2025-06-11T09:59:59.999Z")});
  const auto* a = p.found("ANO-26");
  EXPECT_EQ(a->id, first);
  EXPECT_EQ(a->status, anomaly_status::open);
  EXPECT_EQ(a->occurrences, 2u);
  EXPECT_EQ(a->raised_at, at("06-10 10:00"));
  EXPECT_FALSE(a->resolved_at);
  EXPECT_TRUE(a->resolved_by.empty());
  EXPECT_EQ(p.told_whom("ANO-26"), (std::vector<std::string>{"email:buyer", "email:coordinator"})) << "they are told again";
}

TEST(rules_life, resolved_and_triggered_when_the_window_is_over_it_is_another_one) {
  watched p;
  p.told({ordered(), shortage("06-10 10:00")});
  const auto first = p.found("ANO-26")->id;
  p.told({in_stock("06-10 11:00"), shortage("06-11 10:00")});
  EXPECT_NE(p.found("ANO-26")->id, first);
  EXPECT_EQ(p.found("ANO-26")->occurrences, 1u);
  EXPECT_EQ(p.found("ANO-26")->raised_at, at("06-11 10:00"));
}

TEST(rules_life, the_window_is_counted_from_the_last_trigger_not_from_the_resolution) {
  watched p;
  p.told({ordered(), incident("06-10 00:00"), incident("06-10 20:00")});
  const auto first = p.found("ANO-18")->id;
  p.when(on(p, "ANO-18", "resolved", "06-11 19:00")).when(incident("06-11 20:00"));
  EXPECT_NE(p.found("ANO-18")->id, first) << "one hour after it was resolved, 24 after it was last triggered";
}

TEST(rules_life, reopened_it_wants_to_be_acknowledged_anew) {
  watched p;
  p.told({ordered(), incident("06-10 00:00")});
  p.when(on(p, "ANO-18", "acknowledged", "06-10 01:00")).when(on(p, "ANO-18", "resolved", "06-10 02:00")).when(incident("06-10 03:00"));
  EXPECT_EQ(p.found("ANO-18")->status, anomaly_status::open);
  EXPECT_FALSE(p.found("ANO-18")->acknowledged_at);
  p.at_time("06-10 07:00");
  EXPECT_EQ(escalated_in(p), std::vector<std::string>{"ANO-18"});
}

// People.

TEST(rules_life, what_operators_say_stays_with_it) {
  watched p;
  p.told({ordered(), incident("06-10")});
  p.when(on(p, "ANO-18", "acknowledged", "06-10 01:00", R"("comment":"calling them")"));
  p.when(on(p, "ANO-18", "assigned", "06-10 02:00", R"("assigned_to":"bob")"));
  p.when(on(p, "ANO-18", "resolved", "06-10 03:00", R"("comment":"found it")"));
  const auto* a = p.found("ANO-18");
  EXPECT_EQ(a->acknowledged_at, at("06-10 01:00"));
  EXPECT_EQ(a->acknowledged_by, "anna");
  EXPECT_EQ(a->assigned_to, "bob");
  EXPECT_EQ(a->resolved_at, at("06-10 03:00"));
  EXPECT_EQ(a->resolved_by, "anna");
  ASSERT_EQ(a->comments.size(), 2u);
  EXPECT_EQ(a->comments[1].comment, "found it");
  EXPECT_EQ(a->comments[1].operator_id, "anna");
}

TEST(rules_life, a_snooze_ends_by_itself) {
  watched p;
  p.told({ordered(), incident("06-10")});
  p.when(on(p, "ANO-18", "snoozed", "06-10 01:00", R"("until":"2025-06-11T00:00:00Z")")).at_time("2025-06-10T23:59:59.999Z");
  EXPECT_EQ(p.found("ANO-18")->status, anomaly_status::snoozed);
  p.at_time("06-11");
  EXPECT_EQ(p.found("ANO-18")->status, anomaly_status::open);
  EXPECT_FALSE(p.found("ANO-18")->snoozed_until);
}

TEST(rules_life, a_snooze_of_what_was_acknowledged_ends_acknowledged) {
  watched p;
  p.told({ordered(), incident("06-10")});
  p.when(on(p, "ANO-18", "acknowledged", "06-10 00:30"));
  p.when(on(p, "ANO-18", "snoozed", "06-10 01:00", R"("until":"2025-06-11T00:00:00Z")")).at_time("06-20");
  EXPECT_EQ(p.found("ANO-18")->status, anomaly_status::acknowledged);
  EXPECT_FALSE(p.found("ANO-18")->escalated_at);
}

TEST(rules_life, the_system_resolves_what_is_acknowledged_or_snoozed_too) {
  for (const char* what : {"acknowledged", "snoozed"}) {
    watched p;
    p.told({ordered(), shortage("06-10")});
    p.when(on(p, "ANO-26", what, "06-10 01:00", R"("until":"2025-06-12T00:00:00Z")")).when(in_stock("06-10 02:00"));
    EXPECT_EQ(p.found("ANO-26")->resolved_by, "system") << what;
  }
}

TEST(rules_life, commands_that_contradict_the_state_are_refused) {
  using kind = command_refusal::kind;
  watched p;
  EXPECT_EQ(refuses(*p, did("anomaly.resolved", "06-10"))->what, kind::unknown) << "no project";
  p.told({ordered(), incident("06-10")});
  const auto refused = [&](const event& e) { return refuses(*p, e).has_value(); };
  EXPECT_EQ(refuses(*p, did("anomaly.resolved", "06-10", R"({"anomaly_id":"01890a5d-ac96-774b-bcce-b302099a8057"})"))->what, kind::unknown);
  EXPECT_EQ(refuses(*p, did("anomaly.resolved", "06-10"))->what, kind::unknown);
  EXPECT_FALSE(refused(on(p, "ANO-18", "acknowledged", "06-11")));
  EXPECT_TRUE(refused(on(p, "ANO-18", "snoozed", "06-11")));
  EXPECT_TRUE(refused(on(p, "ANO-18", "snoozed", "06-11", R"("until":"2025-06-11T00:00:00Z")"))) << "now is not in the future";
  EXPECT_FALSE(refused(on(p, "ANO-18", "snoozed", "06-11", R"("until":"2025-06-11T00:00:00.001Z")")));

  p.when(on(p, "ANO-18", "acknowledged", "06-11"));
  EXPECT_TRUE(refused(on(p, "ANO-18", "acknowledged", "06-12")));
  EXPECT_FALSE(refused(on(p, "ANO-18", "resolved", "06-12")));
  p.when(on(p, "ANO-18", "resolved", "06-12"));
  for (const char* what : {"acknowledged", "resolved", "snoozed"})
    EXPECT_EQ(refuses(*p, on(p, "ANO-18", what, "06-13", R"("until":"2025-07-11T00:00:00Z")"))->what, kind::contradiction) << what;
  EXPECT_TRUE(refused(on(p, "ANO-18", "assigned", "06-13", R"("assigned_to":"bob")")));
}

// Escalation.

TEST(rules_life, not_acknowledged_in_time_it_escalates_to_the_manager_once) {
  for (const bool wall : {false, true}) {
    watched p;
    if (wall) p.on_the_wall();
    p.told({ordered(), incident("06-10 08:00")}).at_time("2025-06-10T11:59:59.999Z");
    EXPECT_TRUE(escalated_in(p).empty());
    p.at_time("06-10 12:00");
    EXPECT_EQ(escalated_in(p), std::vector<std::string>{"ANO-18"});
    EXPECT_EQ(p.told_whom("ANO-18"), std::vector<std::string>{"email:manager"});
    EXPECT_EQ(p.found("ANO-18")->escalated_at, at("06-10 12:00"));
    EXPECT_EQ(p.found("ANO-18")->status, anomaly_status::open) << "it is a mark, not a status";
    p.told({incident("06-10 13:00")}).at_time("06-12");
    EXPECT_TRUE(escalated_in(p).empty());
  }
}

TEST(rules_life, acknowledged_or_resolved_in_time_it_does_not_escalate) {
  for (const char* what : {"acknowledged", "resolved"}) {
    watched p;
    p.told({ordered(), incident("06-10 08:00")});
    p.when(on(p, "ANO-18", what, "2025-06-10T11:59:59.999Z")).at_time("06-12");
    EXPECT_FALSE(p.found("ANO-18")->escalated_at) << what;
  }
}

TEST(rules_life, another_trigger_does_not_put_the_escalation_off) {
  watched p;
  p.told({ordered(), incident("06-10 08:00"), incident("06-10 11:00")}).at_time("06-10 12:00");
  EXPECT_EQ(escalated_in(p), std::vector<std::string>{"ANO-18"});
}

TEST(rules_life, a_snooze_stops_the_clock_of_the_escalation_until_its_end) {
  for (const bool wall : {false, true}) {
    watched p;
    if (wall) p.on_the_wall();
    p.told({ordered(), incident("06-10 08:00")});
    p.when(on(p, "ANO-18", "snoozed", "06-10 11:00", R"("until":"2025-06-11T08:00:00Z")")).at_time("2025-06-11T08:59:59.999Z");
    EXPECT_FALSE(p.found("ANO-18")->escalated_at) << "three of the four hours had passed";
    p.at_time("06-11 09:00");
    EXPECT_EQ(p.found("ANO-18")->escalated_at, at("06-11 09:00"));
  }
}

TEST(rules_life, a_snooze_whose_end_is_noticed_late_has_ended_all_the_same) {
  watched p;
  p.on_the_wall().told({ordered(), incident("06-10 08:00")});
  p.when(on(p, "ANO-18", "snoozed", "06-10 11:00", R"("until":"2025-06-11T08:00:00Z")")).at_time("06-14");
  EXPECT_EQ(p.found("ANO-18")->escalated_at, at("06-14")) << "the server slept from the 10th to the 14th";
}

TEST(rules_life, snoozed_again_the_clock_stands_still_from_the_first_time) {
  watched p;
  p.told({ordered(), incident("06-10 08:00")});
  p.when(on(p, "ANO-18", "snoozed", "06-10 11:00", R"("until":"2025-06-11T08:00:00Z")"));
  p.when(on(p, "ANO-18", "snoozed", "06-10 12:00", R"("until":"2025-06-12T08:00:00Z")")).at_time("06-12 08:59");
  EXPECT_FALSE(p.found("ANO-18")->escalated_at);
  p.at_time("06-12 09:00");
  EXPECT_EQ(p.found("ANO-18")->escalated_at, at("06-12 09:00"));
}

TEST(rules_life, reopened_after_an_escalation_it_does_not_escalate_again) {
  watched p;
  p.told({ordered(), incident("06-10 08:00")}).at_time("06-10 12:00");
  p.when(on(p, "ANO-18", "resolved", "06-10 13:00")).when(incident("06-10 14:00")).at_time("06-12");
  EXPECT_TRUE(escalated_in(p).empty());
}

// Blocked steps.

TEST(rules_life, a_step_stays_blocked_until_the_last_anomaly_that_blocks_it_is_resolved) {
  watched p;
  p.told({ordered("06-01 08:00", "2025-06-20", R"("installation_required":true)"), install("06-10")});
  const auto status = [&] { return p.step_of(step_type::installation_scheduled)->status; };
  ASSERT_EQ(p.open(), (std::vector<std::string>{"ANO-05", "ANO-11"}));
  EXPECT_EQ(status(), step_status::blocked);
  p.when(consent("06-11"));
  EXPECT_EQ(p.open(), std::vector<std::string>{"ANO-11"});
  EXPECT_EQ(status(), step_status::blocked);
  EXPECT_EQ(p.step_of(step_type::installation_scheduled)->blocked_by, p.found("ANO-11")->id.to_string());
  p.when(on(p, "ANO-11", "resolved", "06-12"));
  EXPECT_EQ(status(), step_status::completed);
  EXPECT_TRUE(p.step_of(step_type::installation_scheduled)->blocked_by.empty());
}

TEST(rules_life, only_the_steps_of_the_order_concerned_are_blocked) {
  watched p;
  p.told({ordered(), ordered("06-01", "2025-06-20", "", "O2"), about("picking.discrepancy", "06-02", "", "O2")});
  EXPECT_NE(p.step_of(step_type::shipment_dispatched, "O1")->status, step_status::blocked);
  EXPECT_EQ(p.step_of(step_type::shipment_dispatched, "O2")->status, step_status::blocked);
}

TEST(rules_life, acknowledged_or_snoozed_it_blocks_still) {
  watched p;
  p.told({ordered(), about("picking.discrepancy", "06-02")});
  p.when(on(p, "ANO-02", "acknowledged", "06-03")).when(on(p, "ANO-02", "snoozed", "06-03", R"("until":"2025-06-05T00:00:00Z")"));
  EXPECT_EQ(p.step_of(step_type::shipment_dispatched, "O1")->status, step_status::blocked);
}

}  // namespace plo::spec
