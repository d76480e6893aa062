// The rules as a fold of what people and files did to them.
#include "tests/rules/catalogue_events.hpp"

namespace plo::spec {

namespace {

using rules::rule_command;
using rules::rule_refusal;
using rules::rule_set;
using verb = rules::rule_command::verb;

std::string rule(std::string_view id, std::string_view more = "", std::string_view severity = "warning") {
  return fmt::format(R"({{"id":"{}","scope":"project","severity":"{}","on":["order.confirmed"]{}{}}})", id, severity, more.empty() ? "" : ",", more);
}
rule_command remove(std::string_view id, bool has_fired = false) {
  rule_command c;
  c.what = verb::remove;
  c.rule_id = id;
  c.has_fired = has_fired;
  return c;
}
rule_command file(const std::vector<std::string>& definitions) {
  rule_command c;
  c.what = verb::load_file;
  for (const auto& d : definitions) c.file.push_back(rule_of(d));
  return c;
}
std::vector<std::string> types_of(const rule_set& rules, const rule_command& command) {
  const auto decided = rules::decide(rules, command, did("rules", "01-02"));
  std::vector<std::string> types;
  for (const auto& e : decided->events) types.push_back(e.type);
  return types;
}
rule_refusal refusal(const rule_set& rules, const rule_command& command) {
  const auto decided = rules::decide(rules, command, did("rules", "01-02"));
  EXPECT_FALSE(decided);
  return decided ? rule_refusal{} : decided.error();
}
const std::vector<std::string> nothing;

}  // namespace

TEST(rules_set, every_change_counts_as_a_version_overrides_included) {
  auto all = after({}, define(rule("R-1")));
  EXPECT_EQ(all.find("R-1")->version, 1u);
  all = after(all, change("R-1", rule("R-1", "", "critical")));
  EXPECT_EQ(all.find("R-1")->version, 2u);
  EXPECT_EQ(all.find("R-1")->rule->severity, event_severity::critical);
  all = after(all, override_("R-1", R"([{"store_id":"S1","active":false}])"));
  EXPECT_EQ(all.find("R-1")->version, 3u);
  EXPECT_EQ(all.find("R-1")->changed_by, "anna");
  EXPECT_FALSE(all.find("R-1")->from_file);
}

TEST(rules_set, the_same_again_is_no_change) {
  const auto all = after(after({}, define(rule("R-1"))), override_("R-1", R"([{"store_id":"S1","active":false}])"));
  EXPECT_EQ(types_of(all, change("R-1", rule("R-1"))), nothing);
  EXPECT_EQ(types_of(all, override_("R-1", R"([{"store_id":"S1","active":false}])")), nothing);
}

TEST(rules_set, switching_a_rule_on_and_off_has_a_name_of_its_own) {
  auto all = after({}, define(rule("R-1")));
  EXPECT_EQ(types_of(all, change("R-1", rule("R-1", R"("active":false)"))), std::vector<std::string>{"rule.deactivated"});
  all = after(all, change("R-1", rule("R-1", R"("active":false)")));
  EXPECT_FALSE(all.find("R-1")->rule->active);
  EXPECT_EQ(types_of(all, change("R-1", rule("R-1"))), std::vector<std::string>{"rule.activated"});
  EXPECT_EQ(types_of(all, change("R-1", rule("R-1", "", "critical"))), std::vector<std::string>{"rule.changed"}) << "on, and more";
}

TEST(rules_set, what_cannot_be_done_is_refused) {
  const auto all = after({}, define(rule("R-1")));
  EXPECT_EQ(refusal(all, define(rule("R-1"))), rule_refusal::id_in_use);
  EXPECT_EQ(refusal(all, change("R-2", rule("R-2"))), rule_refusal::unknown_rule);
  EXPECT_EQ(refusal(all, override_("R-2", "[]")), rule_refusal::unknown_rule);
  EXPECT_EQ(refusal(all, remove("R-2")), rule_refusal::unknown_rule);
  EXPECT_EQ(refusal(all, remove("R-1", true)), rule_refusal::has_fired);
}

TEST(rules_set, an_id_that_is_used_again_goes_on_counting) {
  auto all = after(after({}, define(rule("R-1"))), remove("R-1"));
  EXPECT_EQ(all.find("R-1"), nullptr);
  EXPECT_TRUE(all.was_used("R-1"));
  all = after(all, define(rule("R-1")));
  EXPECT_EQ(all.find("R-1")->version, 3u) << "defined, deleted, defined";
  EXPECT_TRUE(all.find("R-1")->overrides.empty());
}

TEST(rules_set, a_file_brings_what_is_new_and_follows_its_own_changes) {
  auto all = after({}, file({rule("R-1"), rule("R-2")}));
  EXPECT_TRUE(all.find("R-1")->from_file);
  EXPECT_EQ(types_of(all, file({rule("R-1"), rule("R-2")})), nothing);
  EXPECT_EQ(types_of(all, file({rule("R-1"), rule("R-2", "", "critical"), rule("R-3")})), (std::vector<std::string>{"rule.changed", "rule.defined"}));
}

TEST(rules_set, a_file_never_overwrites_what_a_person_changed) {
  const auto loaded = after({}, file({rule("R-1"), rule("R-2"), rule("R-3")}));
  const auto newer = file({rule("R-1", R"("name":"new")"), rule("R-2", R"("name":"new")"), rule("R-3", R"("name":"new")")});
  auto all = after(loaded, change("R-1", rule("R-1", "", "critical")));
  all = after(all, override_("R-2", R"([{"store_id":"S1","active":false}])"));
  all = after(all, newer);
  EXPECT_EQ(all.find("R-1")->rule->severity, event_severity::critical);
  EXPECT_EQ(all.find("R-1")->rule->name, "R-1");
  EXPECT_EQ(all.find("R-2")->overrides.size(), 1u);
  EXPECT_EQ(all.find("R-3")->rule->name, "new");
}

TEST(rules_set, a_file_never_brings_back_what_a_person_deleted) {
  const auto all = after(after({}, file({rule("R-1")})), remove("R-1"));
  EXPECT_EQ(types_of(all, file({rule("R-1", "", "critical")})), nothing);
}

TEST(rules_set, replaying_the_stream_gives_the_same_rules) {
  const auto once = after(after({}, file({rule("R-1"), rule("R-2")})), change("R-1", rule("R-1", "", "critical")));
  EXPECT_EQ(once.version(), stream_version{3});
  EXPECT_EQ(once.on("order.confirmed").size(), 2u);
  EXPECT_TRUE(once.on("order.cancelled").empty());
  auto again = once;
  again.evolve(did("rule.unheard_of", "01-03", R"({"rule_id":"R-1"})"));
  again.index();
  EXPECT_EQ(again.version(), stream_version{4}) << "what it does not understand changes nothing else";
  EXPECT_EQ(rules::to_json(*again.find("R-1")->rule), rules::to_json(*once.find("R-1")->rule));
}

// Overrides.

TEST(rules_set, the_most_specific_override_wins_property_by_property) {
  const auto all = after(after({}, define(rule("R-1", R"("params":{"a":0,"b":0,"c":0,"d":0})"))),
                         override_("R-1", R"([{"store_id":"S1","project_type":"kitchen","params":{"a":3}},
                                              {"store_id":"S1","params":{"a":2,"b":2},"severity":"critical"},
                                              {"project_type":"kitchen","params":{"a":1,"b":1,"c":1},"active":false}])"));
  const auto numbers = [&](std::string_view store, std::string_view type) {
    const rules::effective_rule r(*all.find("R-1"), store, type);
    std::vector<double> found;
    for (const char* name : {"a", "b", "c", "d"}) found.push_back(r.param(name).as_number());
    return found;
  };
  EXPECT_EQ(numbers("S1", "kitchen"), (std::vector<double>{3, 2, 1, 0}));
  EXPECT_EQ(numbers("S1", "bathroom"), (std::vector<double>{2, 2, 0, 0}));
  EXPECT_EQ(numbers("S2", "kitchen"), (std::vector<double>{1, 1, 1, 0}));
  EXPECT_EQ(numbers("", ""), (std::vector<double>{0, 0, 0, 0}));
  const rules::effective_rule both(*all.find("R-1"), "S1", "kitchen");
  EXPECT_EQ(both.severity(), event_severity::critical) << "of the store";
  EXPECT_FALSE(both.active()) << "of the type, as no other says";
  EXPECT_TRUE(rules::effective_rule(*all.find("R-1"), "S1", "").active());
}

TEST(rules_set, overrides_change_what_a_projects_rules_do) {
  const auto all = after(built_in_rules(), override_("ANO-18", R"([{"store_id":"S1","severity":"warning","actions":[{"do":"notify","to":"store"}]}])"));
  for (const bool there : {true, false}) {
    watched p(all);
    p.told({said("project.created", "06-01", there ? R"({"store_id":"S1"})" : R"({"store_id":"S2"})"), said("consolidation.exception", "06-02")});
    EXPECT_EQ(p.found("ANO-18")->severity, there ? event_severity::warning : event_severity::critical);
    EXPECT_EQ(p.told_whom(), there ? std::vector<std::string>{"email:store"} : (std::vector<std::string>{"email:buyer", "email:coordinator"}));
    EXPECT_EQ(p.found("ANO-18")->rule_version, 2u);
  }
}

TEST(rules_set, an_override_moves_a_deadline) {
  const auto all = after(built_in_rules(), override_("ANO-17", R"([{"project_type":"kitchen","params":{"lead":"-P7D"}}])"));
  watched p(all);
  p.told({said("project.created", "06-01", R"({"project_type":"kitchen"})"), ordered()}).at_time("2025-06-12T21:59:59.999Z");
  EXPECT_FALSE(p.is_open("ANO-17"));
  p.at_time("06-12 22:00");
  EXPECT_TRUE(p.is_open("ANO-17"));
}

TEST(rules_set, an_anomaly_keeps_the_version_that_raised_it) {
  const auto changed = after(built_in_rules(), override_("ANO-18", R"([{"store_id":"S1","active":false}])"));
  watched p;
  p.told({said("project.created", "06-01"), said("consolidation.exception", "06-02")}).by_rules(changed).when(said("consolidation.exception", "06-03"));
  EXPECT_EQ(p.found("ANO-18")->rule_version, 1u);
}

// Working days.

namespace {

domain_settings with_holidays() {
  auto settings = paris();
  const std::array<bool, 7> weekend{true, false, false, false, false, false, true};
  std::vector<rules::country> all;
  all.push_back({"FR", {}, rules::business_calendar(weekend, {{"Fête nationale", 7, 14, {}, 0, 9999}})});
  all.push_back({"PL", {}, rules::business_calendar(weekend, {{"Święto", 7, 16, {}, 0, 9999}})});
  all.push_back({"ES", {}, rules::business_calendar(weekend, {})});
  settings.calendars = std::make_shared<const rules::calendars>(std::move(all));
  return settings;
}
const auto to_country = [](std::string_view country) {
  return ordered("06-01", "2025-07-17", country.empty() ? "" : fmt::format(R"("delivery_address":{{"country":"{}"}})", country));
};

}  // namespace

TEST(rules_set, a_deadline_in_working_days_leaves_out_weekends_and_the_holidays_of_the_country_delivered_to) {
  const auto all = after({}, define(R"({"id":"R-1","scope":"order","severity":"warning","deadline":{"anchor":"order.promised_delivery_date","offset":"-P3D","calendar":"business"}})"));
  // Thursday 2025-07-17, three working days back: Monday 14 where that is one, Friday 11 where a holiday lies between.
  const std::vector<std::pair<std::string, std::string>> cases{{"", "07-10 22:00"}, {"FR", "07-10 22:00"}, {"PL", "07-10 22:00"}, {"ES", "07-13 22:00"}};
  for (const auto& [country, due] : cases) {
    watched p(all);
    p.under(with_holidays()).when(to_country(country));
    EXPECT_EQ(p.next_due(), at(due)) << country;
  }
}

TEST(rules_set, working_days_in_a_condition_are_those_of_the_country_delivered_to) {
  const auto all = after({}, define(R"({"id":"R-1","scope":"order","severity":"warning","on":["stock.shortage"],
      "when":{"<":[{"business_days":[{"var":"event.occurred_at"},{"var":"order.promised_delivery_date"}]},{"var":"params.within"}]},"params":{"within":4}})"));
  // From Friday the 11th to Thursday the 17th: 14 15 16 17, without the 14th in France and the 16th in Poland.
  for (const auto& [country, fires] : std::vector<std::pair<std::string, bool>>{{"", true}, {"FR", true}, {"PL", true}, {"ES", false}}) {
    watched p(all);
    p.under(with_holidays()).told({to_country(country), about("stock.shortage", "07-11 10:00")});
    EXPECT_EQ(p.is_open("R-1"), fires) << country;
  }
}

}  // namespace plo::spec
