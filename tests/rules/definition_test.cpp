// What is wrong with a definition is said with a pointer to the place; what is right comes back as it was given.
#include <map>

#include "tests/rules/catalogue_events.hpp"

namespace plo::spec {

namespace {

using pointers = std::vector<std::string>;

/// A right definition, with members replaced, added, or (value empty) removed.
std::string definition(const std::map<std::string, std::string>& changes = {}) {
  std::map<std::string, std::string> all{{"id", R"("R-1")"}, {"scope", R"("order")"}, {"severity", R"("warning")"}, {"on", R"(["order.confirmed"])"}};
  for (const auto& [key, v] : changes) all[key] = v;
  std::string out = "{";
  for (const auto& [key, v] : all)
    if (!v.empty()) out += (out.size() > 1 ? ",\"" : "\"") + key + "\":" + v;
  return out + "}";
}

pointers wrong(std::string_view text) {
  const auto document = json_document::parse(text);
  EXPECT_TRUE(document) << text;
  const auto parsed = rules::parse_rule(document->root());
  pointers found;
  if (!parsed)
    for (const auto& e : parsed.error()) {
      EXPECT_FALSE(e.message.empty());
      found.push_back(e.pointer);
    }
  return found;
}

pointers wrong_overrides(std::string_view text) {
  const auto document = json_document::parse(text);
  EXPECT_TRUE(document) << text;
  const auto parsed = rules::parse_overrides(document->root());
  pointers found;
  if (!parsed)
    for (const auto& e : parsed.error()) found.push_back(e.pointer);
  return found;
}

std::string deadline(const std::string& members) { return definition({{"on", ""}, {"deadline", members}}); }

}  // namespace

TEST(rules_definition, the_least_that_is_needed) {
  const auto r = rule_of(definition());
  EXPECT_EQ(r->name, "R-1");
  EXPECT_TRUE(r->active);
  EXPECT_EQ(r->dedup, std::chrono::hours(24));
  EXPECT_FALSE(r->escalate_after);
  EXPECT_FALSE(r->when) << "always";
}

TEST(rules_definition, every_mistake_has_its_place) {
  const std::vector<std::pair<std::string, pointers>> cases{
      {"[]", {""}},
      {"3", {""}},
      {definition({{"id", ""}}), {"/id"}},
      {definition({{"id", "3"}}), {"/id"}},
      {definition({{"id", R"("")"}}), {"/id"}},
      {definition({{"id", R"("a b")"}}), {"/id"}},
      {definition({{"scope", ""}}), {"/scope"}},
      {definition({{"scope", R"("order_line")"}}), {"/scope"}},
      {definition({{"severity", ""}}), {"/severity"}},
      {definition({{"severity", R"("info")"}}), {"/severity"}},
      {definition({{"name", "true"}}), {"/name"}},
      {definition({{"step_type", R"("dancing")"}}), {"/step_type"}},
      {definition({{"colour", "1"}}), {"/colour"}},
      {definition({{"a/b~c", "1"}}), {"/a~1b~0c"}},
      // Exactly one of on and deadline.
      {definition({{"on", ""}}), {""}},
      {definition({{"deadline", R"({"anchor":"order.confirmed_at","offset":"PT1H"})"}}), {""}},
      {definition({{"on", R"("order.confirmed")"}}), {"/on"}},
      {definition({{"on", "[]"}}), {"/on"}},
      {definition({{"on", R"(["order.confirmed","order.eaten",3])"}}), {"/on/1", "/on/2"}},
      {deadline("3"), {"/deadline"}},
      {deadline(R"({"anchor":"order.confirmed_at"})"), {"/deadline/offset"}},
      {deadline(R"({"anchor":"order.confirmed_at","offset":"8 hours"})"), {"/deadline/offset"}},
      {deadline(R"({"offset":"PT1H"})"), {"/deadline/anchor"}},
      {deadline(R"({"anchor":"order","offset":"PT1H"})"), {"/deadline/anchor"}},
      {deadline(R"({"anchor":"event.occurred_at","offset":"PT1H"})"), {"/deadline/anchor"}},
      {deadline(R"({"anchor":"weather.rain","offset":"PT1H"})"), {"/deadline/anchor"}},
      {deadline(R"({"anchor":"order.confirmed_at","offset":"PT1H","calendar":"lunar"})"), {"/deadline/calendar"}},
      {deadline(R"({"anchor":"order.confirmed_at","offset":"PT1H","zone":"UTC"})"), {"/deadline/zone"}},
      {deadline(R"({"anchor":"order.confirmed_at","offset_param":"lead"})"), {"/params/lead"}},
      {definition({{"on", ""}, {"deadline", R"({"anchor":"order.confirmed_at","offset_param":"lead"})"}, {"params", R"({"lead":3})"}}), {"/params/lead"}},
      // Conditions.
      {definition({{"when", R"({"and":[true,{"frobnicate":1}]})"}}), {"/when/and/1/frobnicate"}},
      {definition({{"when", R"({"var":"weather.rain"})"}}), {"/when/var"}},
      {definition({{"when", R"({"var":"anomaly.occurrences"})"}}), {"/when/var"}},
      {definition({{"when", R"({"<":[{"duration":"3 days"},1]})"}}), {"/when/</0/duration"}},
      {definition({{"resolve_when", R"({"var":"weather.rain"})"}}), {"/resolve_when/var"}},
      // Actions.
      {definition({{"actions", "{}"}}), {"/actions"}},
      {definition({{"actions", R"(["mail"])"}}), {"/actions/0"}},
      {definition({{"actions", R"([{"do":"escalate"},{"do":"sing"}])"}}), {"/actions/1/do"}},
      {definition({{"actions", R"([{"do":"notify"}])"}}), {"/actions/0/to"}},
      {definition({{"actions", R"([{"do":"notify","to":"a b"}])"}}), {"/actions/0/to"}},
      {definition({{"actions", R"([{"do":"notify","to":"ops","state":"new"}])"}}), {"/actions/0/state"}},
      {definition({{"actions", R"([{"do":"block"}])"}}), {"/actions/0/step"}},
      {definition({{"actions", R"([{"do":"block","step":"dancing"}])"}}), {"/actions/0/step"}},
      // The rest.
      {definition({{"params", "[]"}}), {"/params"}},
      {definition({{"active", R"("yes")"}}), {"/active"}},
      {definition({{"dedup", R"("a day")"}}), {"/dedup"}},
      {definition({{"dedup", R"("-PT1H")"}}), {"/dedup"}},
      {definition({{"escalate_after", "4"}}), {"/escalate_after"}},
      {definition({{"escalate_after", R"("-PT4H")"}}), {"/escalate_after"}},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(wrong(text), expected) << text;
}

TEST(rules_definition, all_mistakes_are_told_together) {
  const auto found = wrong(R"({"id":"","scope":"moon","severity":"bad","on":["x.y"],"when":{"foo":1},"actions":[{"do":"x"}],"dedup":"y"})");
  EXPECT_THAT(found, testing::UnorderedElementsAre("/id", "/scope", "/severity", "/on/0", "/when/foo", "/actions/0/do", "/dedup"));
}

TEST(rules_definition, resolve_when_may_read_the_anomaly) {
  EXPECT_EQ(wrong(definition({{"resolve_when", R"({"var":"anomaly.followed_by.stock.check_ok"})"}})), pointers{});
}

TEST(rules_definition, inside_some_var_is_relative_and_not_checked) {
  EXPECT_EQ(wrong(definition({{"when", R"({"some":[{"var":"order.lines"},{"var":"anything"}]})"}})), pointers{});
}

TEST(rules_definition, an_older_type_name_stands_for_the_present_one) {
  EXPECT_EQ(rule_of(definition({{"on", R"(["delivery.partial","lastmile.partial_delivered"])"}}))->on, std::vector<std::string>{"lastmile.partial_delivered"});
}

TEST(rules_definition, a_block_without_a_step_means_the_rules_own) {
  const auto r = rule_of(definition({{"step_type", R"("stock_check")"}, {"actions", R"([{"do":"block"}])"}}));
  EXPECT_EQ(r->actions.at(0).step, step_type::stock_check);
}

TEST(rules_definition, what_is_written_reads_as_the_same_rule) {
  for (const auto& [id, entry] : built_in_rules().all()) {
    const auto text = rules::to_json(*entry->rule);
    EXPECT_EQ(rules::to_json(*rule_of(text)), text) << id;
  }
}

TEST(rules_definition, an_offset_keeps_days_and_hours_apart) {
  const auto read = [](const char* text) { return rules::offset::parse(text).value(); };
  EXPECT_EQ(read("-P3D").days, -3);
  EXPECT_EQ(read("-P3D").rest, milliseconds(0));
  EXPECT_EQ(read("P1DT6H").days, 1);
  EXPECT_EQ(read("P1DT6H").rest, std::chrono::hours(6));
  EXPECT_EQ(read("PT48H").days, 0);
  EXPECT_EQ(read("-P1DT6H").days, -1);
  EXPECT_EQ(read("-P1DT6H").rest, -std::chrono::hours(6));
  EXPECT_EQ(read("P2W").days, 14);
}

TEST(rules_definition, every_mistake_in_overrides_has_its_place) {
  const std::vector<std::pair<std::string, pointers>> cases{
      {"{}", {""}},
      {"[3]", {"/0"}},
      {R"([{"active":false}])", {"/0"}},
      {R"([{"store_id":"S1"},{"store_id":"S1"}])", {"/1"}},
      {R"([{"store_id":"S1"},{"store_id":"S1","project_type":"kitchen"}])", {}},
      {R"([{"store_id":"S1","colour":1}])", {"/0/colour"}},
      {R"([{"store_id":3}])", {"/0/store_id", "/0"}},
      {R"([{"store_id":"S1","severity":"info"}])", {"/0/severity"}},
      {R"([{"store_id":"S1","active":1}])", {"/0/active"}},
      {R"([{"store_id":"S1","params":[]}])", {"/0/params"}},
      {R"([{"store_id":"S1","actions":[{"do":"notify"}]}])", {"/0/actions/0/to"}},
      {R"([{"store_id":"S1","actions":[{"do":"block"}]}])", {"/0/actions/0/step"}},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(wrong_overrides(text), expected) << text;
}

}  // namespace plo::spec
