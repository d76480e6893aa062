// Logs that the engine wrote, for the audit tool to look at; and copies of them with something altered.
#pragma once

#include <filesystem>
#include <future>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "actors/engine.hpp"
#include "app/message_templates.hpp"
#include "app/scenario/population.hpp"
#include "base/json.hpp"
#include "config/embedded.hpp"
#include "config/rules_file.hpp"
#include "projections/project/project_states.hpp"
#include "projections/registry.hpp"

namespace plo::replay::test {

using actors::ingest_reply;
using actors::project_clock;
using json = nlohmann::json;

inline instant at(std::string_view text) { return *parse_instant(text); }

inline rules::rule_pointer rule_of(std::string_view definition) {
  const auto document = json_document::parse(definition);
  return rules::parse_rule(document->root()).value();
}

inline std::vector<rules::rule_pointer> built_in_rules() {
  std::vector<rules::rule_pointer> all;
  const auto texts = config::parse_rules(config::embedded::rules, "rules.toml");
  for (const auto& text : *texts) all.push_back(rule_of(text.json));
  return all;
}

/// A definition of the built-in catalogue as JSON, with some members replaced.
inline rules::rule_pointer changed_rule(const std::string& id, const json& members) {
  for (const auto& rule : built_in_rules()) {
    if (rule->id != id) continue;
    auto definition = json::parse(rules::to_json(*rule));
    definition.update(members);
    return rule_of(definition.dump());
  }
  throw std::logic_error("no rule " + id);
}

/// An engine on a store of its own, set up as the binary does it.
class recording {
public:
  explicit recording(project_clock::mode clock, std::vector<rules::rule_pointer> rules = built_in_rules(), eventstore::privacy_options privacy = {}) {
    actors::engine_options options;
    options.finding = {{"project.created", "inspiration.started", "quote_products.created"}, std::chrono::hours(24 * 180)};
    options.clock = clock;
    options.rules = std::move(rules);
    options.outbox.mode = actors::outbox_mode::log_only;
    options.outbox.templates = std::make_shared<const notifications::message_templates>(app::load_message_templates("en"));
    auto log = eventstore::open_rocksdb_log(dir, {eventstore::open_mode::read_write, std::move(privacy)});
    auto models = projections::read_models::open(dir, *log, projections::all_views(options.domain));
    engine = std::make_unique<actors::engine>(std::move(options), std::move(log), std::move(models));
  }
  ~recording() {
    engine.reset();
    std::filesystem::remove_all(dir);
  }
  recording(const recording&) = delete;
  recording& operator=(const recording&) = delete;

  /// Bodies as sources post them, in order; waits until all are stored.
  void ingest(const std::vector<std::string>& bodies) {
    static const event_type_map no_map;
    ingest_scope scope;
    scope.map_of = [](std::string_view) { return &no_map; };
    std::vector<actors::ingest_item> items;
    for (const auto& body : bodies) {
      auto parsed = parse_ingest_event(body, scope);
      ASSERT_TRUE(parsed) << body << ": " << parsed.error().detail;
      items.push_back({std::move(*parsed), {}});
    }
    engine->ingest(std::move(items));
    ASSERT_TRUE(engine->settle(std::chrono::seconds(20)));
  }
  void ingest(const json& body) { ingest(std::vector<std::string>{body.dump()}); }

  /// The demo's projects, some weeks of them.
  void ingest_demo() {
    const auto now = at("2026-05-20T12:00:00Z");
    std::vector<std::string> bodies;
    for (const auto& e : app::scenario::demo_history(now, zone::utc(), 2025)) bodies.push_back(app::scenario::ingest_body(e, e.at));
    ingest(bodies);
  }

  actors::command_reply command(const project_id& project, std::string_view type, const json& data = json::object()) {
    event e;
    e.type = type;
    e.operator_id = "somebody";
    e.data = data.dump();
    std::promise<actors::command_reply> answer;
    engine->command(project, std::move(e), actors::command_completion([&](actors::command_reply reply) { answer.set_value(std::move(reply)); }));
    auto reply = answer.get_future().get();
    EXPECT_TRUE(engine->settle(std::chrono::seconds(20)));
    return reply;
  }

  void change_rule(rules::rule_pointer rule) {
    rules::rule_command change;
    change.what = rules::rule_command::verb::change;
    change.rule_id = rule->id;
    change.rule = std::move(rule);
    std::promise<actors::rule_reply> answer;
    engine->change_rules(std::move(change), {}, actors::rule_completion([&](actors::rule_reply reply) { answer.set_value(std::move(reply)); }));
    EXPECT_EQ(answer.get_future().get().what, actors::rule_reply::outcome::done);
    EXPECT_TRUE(engine->settle(std::chrono::seconds(20)));
  }

  [[nodiscard]] const eventstore::log& log() const { return engine->log(); }
  std::filesystem::path dir = std::filesystem::temp_directory_path() / ("plo-replay-" + make_uuid_v7(1).to_string());
  std::unique_ptr<actors::engine> engine;
};

/// A whole log in memory with each event altered, or left out where `alter` says false. Positions stay where none is left out.
inline std::unique_ptr<eventstore::log> copy_of(const eventstore::log& from, const std::function<bool(recorded_event&)>& alter) {
  auto copy = eventstore::make_memory_log();
  from.read({1}, [&](const recorded_event& e) {
    auto altered = e;
    if (!alter(altered)) return true;
    eventstore::append_request request;
    request.appends.push_back({e.stream, {}, {static_cast<const event&>(altered)}});
    std::vector<eventstore::append_request> group;
    group.push_back(std::move(request));
    (void)copy->append(std::move(group));
    return true;
  });
  return copy;
}

inline std::vector<recorded_event> events_of(const eventstore::log& log) {
  std::vector<recorded_event> events;
  log.read({1}, [&](const recorded_event& e) {
    events.push_back(e);
    return true;
  });
  return events;
}

/// The first event of a type.
inline recorded_event first(const eventstore::log& log, std::string_view type) {
  for (auto& e : events_of(log))
    if (e.type == type) return e;
  ADD_FAILURE() << "no " << type;
  return {};
}

inline json body(const std::string& source, const std::string& ref, const std::string& type, const std::string& project, const std::string& when,
                 const json& payload = json::object()) {
  return {{"source", source}, {"source_ref", ref}, {"event_type", type}, {"project_ref", project}, {"occurred_at", when}, {"payload", payload}};
}

}  // namespace plo::replay::test
