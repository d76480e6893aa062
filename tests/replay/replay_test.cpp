// Looking back, explaining, what-if, heads and exports.
#include <filesystem>

#include "projections/project/rule_trial.hpp"
#include "replay/explain.hpp"
#include "replay/export.hpp"
#include "replay/head.hpp"
#include "replay/project_at.hpp"
#include "replay/text.hpp"
#include "replay/what_if.hpp"
#include "tests/replay/recorded.hpp"

namespace plo::replay::test {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

std::vector<std::string> exported(const eventstore::log& log, export_form form, position from = {1}) {
  std::vector<std::string> lines;
  export_options options;
  options.form = form;
  options.from = from;
  (void)export_log(log, options, [&](std::string_view line) { lines.emplace_back(line); });
  return lines;
}

/// Everything about a project but the ids that a store hands out, its positions and its record times.
json without_ids(json state) {
  const std::vector<std::string> handed_out{"project_id", "position", "updated_at", "order_id", "anomaly_id", "event_id", "raised_at",  "last_triggered_at",
                                            "late_event_id", "resolved_at", "entity", "escalated_at", "consolidation_id", "blocked_by"};
  const std::function<void(json&)> strip = [&](json& value) {
    if (value.is_object())
      for (const auto& name : handed_out) value.erase(name);
    if (value.is_structured())
      for (auto& part : value) strip(part);
  };
  strip(state);
  return state;
}

std::map<std::string, json> states_of(const eventstore::log& log) {
  std::map<std::string, json> states;
  log.each_stream({}, [&](const stream_id& stream) {
    if (const auto id = stream.project()) {
      auto state = without_ids(json::parse(*state_at(log, *id, {}, {})));
      const auto name = state["project_refs"][0].get<std::string>();
      states[name] = std::move(state);
    }
    return true;
  });
  return states;
}

TEST(looking_back, states_timelines_and_differences_at_positions_and_instants) {
  recording r(project_clock::mode::event);
  r.ingest(body("ecommerce", "1", "project.created", "P", "2026-01-01T08:00:00Z", {{"customer_id", "C"}, {"store_id", "S1"}}));
  const auto before = r.log().head().last;
  r.ingest(body("erp", "2", "order.confirmed", "P", "2026-01-02T08:00:00Z", {{"order_ref", "O"}}));
  const auto id = projects_named(r.log(), "O");
  ASSERT_THAT(id, SizeIs(1));
  EXPECT_EQ(projects_named(r.log(), id[0].to_string()), id);
  EXPECT_TRUE(projects_named(r.log(), "nothing").empty());

  EXPECT_THAT(json::parse(*state_at(r.log(), id[0], {}, {}))["orders"], SizeIs(1));
  EXPECT_THAT(json::parse(*state_at(r.log(), id[0], {}, before))["orders"], SizeIs(0));
  EXPECT_FALSE(state_at(r.log(), id[0], {}, position{1}));
  EXPECT_FALSE(state_at(r.log(), id[0], {}, std::optional(at("2020-01-01T00:00:00Z"))));
  const auto all = json::parse(*timeline_at(r.log(), id[0], {}));
  EXPECT_EQ(all["items"].size(), r.log().version_of(stream_id::of(id[0])).value);
  EXPECT_LT(json::parse(*timeline_at(r.log(), id[0], before))["total"], all["total"]);

  const auto change = json::parse(*difference_of(r.log(), id[0], {}, before, {}));
  EXPECT_EQ(json::parse(*state_at(r.log(), id[0], {}, before)).patch(change["patch"]), json::parse(*state_at(r.log(), id[0], {}, {})));
  bool told = false;
  for (const auto& c : change["changes"]) told = told || (c["path"] == "/status" && c["old"] == "draft" && c["new"] == "active");
  EXPECT_TRUE(told) << change.dump(1);
  const auto opening = json::parse(*difference_of(r.log(), id[0], {}, position{0}, before));
  EXPECT_TRUE(opening["from"].is_null());
  EXPECT_THAT(difference_text(change.dump()), HasSubstr("/status: draft → active"));
  EXPECT_THAT(state_text(*state_at(r.log(), id[0], {}, {})), HasSubstr("store_id"));
  EXPECT_THAT(timeline_text(all.dump()), HasSubstr("order.confirmed"));
}

TEST(explaining, a_deadline_names_its_anchor_the_notifications_and_what_people_did) {
  recording r(project_clock::mode::event);
  r.ingest(body("ecommerce", "1", "project.created", "P", "2026-01-01T08:00:00Z", {{"customer_id", "C"}}));
  r.ingest(body("erp", "2", "order.confirmed", "P", "2026-01-02T08:00:00Z", {{"order_ref", "O"}}));
  r.ingest(body("tms", "3", "shipment.dispatched", "P", "2026-01-03T08:00:00Z", {{"order_ref", "O"}, {"shipment_id", "S"}}));
  r.ingest(body("tms", "4", "weather.report", "P", "2026-01-05T08:00:00Z"));
  const auto raised = first(r.log(), "anomaly.raised");
  const auto data = json::parse(raised.data);
  ASSERT_EQ(data["rule_id"], "ANO-21");
  r.command(*raised.stream.project(), "anomaly.acknowledged", {{"anomaly_id", data["anomaly_id"]}, {"rule_id", "ANO-21"}, {"comment", "calling them"}});

  const auto text = explain(r.log(), *anomaly_id::parse(data["anomaly_id"].get<std::string>()), {});
  ASSERT_TRUE(text);
  const auto why = json::parse(*text);
  EXPECT_EQ(why["status"], "acknowledged");
  EXPECT_EQ(why["explanation"]["rule"]["id"], "ANO-21");
  EXPECT_EQ(why["explanation"]["deadline"], data["cause"]["deadline"]);
  EXPECT_FALSE(why["explanation"]["facts"].empty());
  std::vector<std::string> chain;
  for (const auto& e : why["chain"]) chain.push_back(e["type"]);
  EXPECT_EQ(chain.front(), "shipment.dispatched") << why["chain"].dump(1);
  EXPECT_EQ(chain.back(), "anomaly.raised");
  EXPECT_THAT(chain, testing::Contains("deadline.passed"));
  ASSERT_FALSE(why["notifications"].empty());
  EXPECT_EQ(why["notifications"][0]["status"], "sent");
  EXPECT_EQ(why["notifications"][0]["sent_to"], "log");
  ASSERT_THAT(why["operators"], SizeIs(1));
  EXPECT_EQ(why["operators"][0]["operator_id"], "somebody");
  EXPECT_EQ(why["operators"][0]["comment"], "calling them");
  EXPECT_THAT(explanation_text(*text), HasSubstr("calling them"));
  EXPECT_FALSE(explain(r.log(), anomaly_id{make_uuid_v7(1)}, {}));
}

TEST(what_if, the_same_rules_find_the_same) {
  for (const auto clock : {project_clock::mode::event, project_clock::mode::wall}) {
    recording r(clock);
    r.ingest_demo();
    const auto same = json::parse(what_if(r.log(), built_in_rules(), {}));
    EXPECT_EQ(same["raised_total"], 0) << same["raised"].dump(1);
    EXPECT_EQ(same["dropped_total"], 0) << same["dropped"].dump(1);
    EXPECT_EQ(same["moved_total"], 0) << same["moved"].dump(1);
    EXPECT_GT(same["unchanged"], 50);
  }
}

TEST(what_if, a_changed_rule_raises_drops_and_moves) {
  recording r(project_clock::mode::event);
  r.ingest(body("ecommerce", "1", "project.created", "P", "2026-01-01T08:00:00Z", {{"customer_id", "C"}, {"store_id", "S1"}}));
  r.ingest(body("erp", "2", "order.confirmed", "P", "2026-01-02T08:00:00Z", {{"order_ref", "O"}, {"promised_delivery_date", "2026-01-20"}}));
  r.ingest(body("oms", "3", "stock.shortage", "P", "2026-01-10T08:00:00Z", {{"order_ref", "O"}, {"skus", {"A"}}}));
  r.ingest(body("oms", "4", "weather.report", "P", "2026-02-10T08:00:00Z"));

  // ANO-01 from further off: it appears, and with it ANO-26 falls silent.
  const auto definition = json::parse(rules::to_json(*changed_rule("ANO-01", json::object())));
  auto params = definition["params"];
  for (auto& p : params) p = "P60D";
  const auto wider = json::parse(what_if(r.log(), {changed_rule("ANO-01", {{"params", params}})}, {}));
  ASSERT_THAT(wider["raised"], SizeIs(1)) << wider.dump(1);
  EXPECT_EQ(wider["raised"][0]["rule_id"], "ANO-01");
  ASSERT_THAT(wider["dropped"], SizeIs(1)) << wider.dump(1);
  EXPECT_EQ(wider["dropped"][0]["rule_id"], "ANO-26");
  EXPECT_EQ(wider["rule_id"], "ANO-01");

  // ANO-08 earlier by days: the same anomaly at another time.
  const auto earlier = json::parse(what_if(r.log(), {changed_rule("ANO-08", {{"params", {{"lead", "-P2D"}}}})}, {}));
  ASSERT_THAT(earlier["moved"], SizeIs(1)) << earlier.dump(1);
  EXPECT_LT(earlier["moved"][0]["to"]["raised_at"], earlier["moved"][0]["from"]["raised_at"]);
  EXPECT_EQ(earlier["raised_total"], 0);
  EXPECT_EQ(earlier["dropped_total"], 0);

  const auto added = rule_of(R"({"id":"NEW","name":"n","scope":"project","severity":"warning","on":["project.created"]})");
  EXPECT_EQ(json::parse(what_if(r.log(), {added}, {}))["raised_total"], 1);
  projections::trial_settings elsewhere;
  elsewhere.store_id = "S2";
  EXPECT_EQ(json::parse(what_if(r.log(), {added}, elsewhere))["raised_total"], 0);
  projections::trial_settings later;
  later.since = at("2026-01-05T00:00:00Z");
  EXPECT_EQ(json::parse(what_if(r.log(), {added}, later))["raised_total"], 0);
  EXPECT_THAT(trial_text(what_if(r.log(), {added}, {})), HasSubstr("1 anomalies appear"));
}

TEST(what_if, a_looser_condition_moves_what_repetitions_only_confirmed) {
  recording r(project_clock::mode::event, {rule_of(R"({"id":"HOT","name":"h","scope":"project","severity":"warning","on":["inspiration.completed"],
    "when":{">":[{"var":"event.payload.degrees"},{"var":"params.more_than"}]},"params":{"more_than":30}})")});
  r.ingest(body("ecommerce", "1", "project.created", "P", "2026-01-01T08:00:00Z", {{"customer_id", "C"}}));
  r.ingest(body("inspiration_tool", "2", "inspiration.completed", "P", "2026-01-02T08:00:00Z", {{"degrees", 25}}));
  r.ingest(body("inspiration_tool", "3", "inspiration.completed", "P", "2026-01-03T08:00:00Z", {{"degrees", 35}}));
  const auto moved = json::parse(what_if(r.log(), {rule_of(R"({"id":"HOT","name":"h","scope":"project","severity":"warning","on":["inspiration.completed"],
    "when":{">":[{"var":"event.payload.degrees"},{"var":"params.more_than"}]},"params":{"more_than":20}})")}, {}));
  ASSERT_THAT(moved["moved"], SizeIs(1)) << moved.dump(1);
  EXPECT_EQ(moved["moved"][0]["from"]["raised_at"], "2026-01-03T08:00:00.000Z");
  EXPECT_EQ(moved["moved"][0]["to"]["raised_at"], "2026-01-02T08:00:00.000Z");
}

TEST(exporting, raw_lines_carry_positions_and_hashes_and_go_on_where_they_ended) {
  recording r(project_clock::mode::event);
  r.ingest(body("ecommerce", "1", "project.created", "P", "2026-01-01T08:00:00Z", {{"customer_id", "C"}}));
  const auto lines = exported(r.log(), export_form::raw);
  ASSERT_EQ(lines.size(), r.log().head().last.value);
  EXPECT_EQ(json::parse(lines.back())["hash"], eventstore::to_hex(r.log().head().hash));
  const auto next = position_behind(r.log(), export_form::raw, lines[2]);
  ASSERT_TRUE(next);
  const auto rest = exported(r.log(), export_form::raw, *next);
  EXPECT_EQ(std::vector(lines.begin() + 3, lines.end()), rest);
}

TEST(exporting, an_import_of_ingest_lines_gives_the_same_states) {
  recording r(project_clock::mode::event);
  r.ingest_demo();
  // What is known by one source alone, what came too early, and what nobody ever claimed.
  r.ingest(body("tms", "early", "shipment.dispatched", "SOON", "2026-05-20T13:00:00Z", {{"order_ref", "SOON-O"}, {"shipment_id", "SOON-S"}}));
  r.ingest(body("erp", "never", "weather.report", "NOBODY", "2026-05-20T13:00:00Z"));
  r.ingest(body("ecommerce", "soon", "project.created", "SOON", "2026-05-20T14:00:00Z", {{"customer_id", "SOON-C"}}));
  r.ingest(body("erp", "own", "order.confirmed", "ERP-77", "2026-05-20T15:00:00Z", {{"order_ref", "SOON-O"}, {"promised_delivery_date", "2026-06-20"}}));
  r.ingest(body("erp", "own2", "order.line_added", "ERP-77", "2026-05-20T16:00:00Z", {{"order_ref", "SOON-O"}, {"lines", json::array({{{"sku", "A"}, {"qty", 1}}})}}));

  const auto lines = exported(r.log(), export_form::ingest);
  recording copy(project_clock::mode::event);
  copy.ingest(lines);
  const auto were = states_of(r.log()), are = states_of(copy.log());
  ASSERT_EQ(were.size(), are.size());
  for (const auto& [name, state] : were) {
    ASSERT_TRUE(are.contains(name)) << name;
    ASSERT_EQ(state, are.at(name)) << name << " " << json::diff(state, are.at(name)).dump(1);
  }
  EXPECT_EQ(exported(copy.log(), export_form::ingest).size(), lines.size());

  const auto half = lines.size() / 2;
  const auto next = position_behind(r.log(), export_form::ingest, lines[half - 1]);
  ASSERT_TRUE(next);
  EXPECT_EQ(exported(r.log(), export_form::ingest, *next), std::vector(lines.begin() + static_cast<std::ptrdiff_t>(half), lines.end()));
}

TEST(heads, what_was_signed_is_proven_and_nothing_else) {
  recording r(project_clock::mode::event);
  const auto key = std::filesystem::temp_directory_path() / ("plo-head-key-" + make_uuid_v7(1).to_string());
  const auto signed_one = sign(head_of(r.log()), key, at("2026-01-01T00:00:00Z"));
  EXPECT_EQ(std::filesystem::status(key).permissions(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const auto read = parse_head(to_json(signed_one));
  ASSERT_TRUE(read);
  EXPECT_FALSE(refuses(*read));
  EXPECT_FALSE(refuses(*read, signed_one.public_key));
  EXPECT_TRUE(refuses(*read, std::string(64, 'a')));
  auto other = *read;
  other.at.value += 1;
  EXPECT_TRUE(refuses(other));
  other = *read;
  other.recorded_at += milliseconds(1);
  EXPECT_TRUE(refuses(other));
  EXPECT_EQ(sign(head_of(r.log()), key, at("2026-01-02T00:00:00Z")).public_key, signed_one.public_key) << "the key is kept";
  EXPECT_FALSE(parse_head("{}"));
  EXPECT_FALSE(parse_head("no json"));
  std::filesystem::remove(key);
}

}  // namespace
}  // namespace plo::replay::test
