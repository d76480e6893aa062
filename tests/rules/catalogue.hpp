// given(events).when(event) with the built-in rules, on either clock.
#pragma once

#include <functional>

#include "config/embedded.hpp"
#include "config/rules_file.hpp"
#include "domain/rules/rule_set.hpp"
#include "tests/project/given.hpp"

namespace plo::spec {

/// The rules of config/rules.toml, as they stand once loaded.
inline const rules::rule_set& built_in_rules() {
  static const rules::rule_set all = [] {
    const auto texts = config::parse_rules(config::embedded::rules, "rules.toml");
    EXPECT_TRUE(texts) << texts.error().message();
    rules::rule_command load;
    load.what = rules::rule_command::verb::load_file;
    for (const auto& text : *texts) {
      const auto document = json_document::parse(text.json);
      auto rule = rules::parse_rule(document->root());
      if (!rule)
        for (const auto& error : rule.error()) ADD_FAILURE() << text.file << ":" << text.line << " " << error.pointer << ": " << error.message;
      else
        load.file.push_back(*rule);
    }
    rules::rule_set set;
    const auto decided = rules::decide(set, load, did("rules", "01-01"));
    for (const auto& e : decided->events) set.evolve(e);
    set.index();
    return set;
  }();
  return all;
}

/// A definition as JSON, checked.
inline rules::rule_pointer rule_of(std::string_view definition) {
  const auto document = json_document::parse(definition);
  EXPECT_TRUE(document) << definition;
  auto rule = rules::parse_rule(document->root());
  EXPECT_TRUE(rule) << (rule ? "" : rule.error().front().pointer + ": " + rule.error().front().message);
  return rule ? *rule : nullptr;
}

inline std::vector<rules::rule_override> overrides_of(std::string_view list) {
  const auto document = json_document::parse(list);
  auto overrides = rules::parse_overrides(document->root());
  EXPECT_TRUE(overrides) << list;
  return overrides.value_or(std::vector<rules::rule_override>{});
}

/// What a person does to the rules.
inline rules::rule_command define(std::string_view definition) {
  rules::rule_command c;
  c.rule = rule_of(definition);
  return c;
}
inline rules::rule_command change(std::string_view id, std::string_view definition) {
  rules::rule_command c = define(definition);
  c.what = rules::rule_command::verb::change;
  c.rule_id = id;
  return c;
}
inline rules::rule_command override_(std::string_view id, std::string_view list) {
  rules::rule_command c;
  c.what = rules::rule_command::verb::override_;
  c.rule_id = id;
  c.overrides = overrides_of(list);
  return c;
}

/// The rules after a command that must be accepted.
inline rules::rule_set after(rules::rule_set rules, const rules::rule_command& command) {
  const auto decided = rules::decide(rules, command, did("rules", "01-02"));
  EXPECT_TRUE(decided);
  if (decided)
    for (const auto& e : decided->events) rules.evolve(e);
  rules.index();
  return rules;
}

/// A project under rules. Time is the event clock's unless `on_the_wall`.
class watched {
public:
  explicit watched(const rules::rule_set& rules = built_in_rules()) : rules_(&rules) { folded_.id = test_project; }

  /// From now on every event is recorded at once, and the clock is real.
  watched& on_the_wall() {
    wall_ = true;
    return *this;
  }

  /// Other settings than Paris without public holidays.
  watched& under(domain_settings settings) {
    settings_ = std::move(settings);
    return *this;
  }
  /// From now on other rules hold.
  watched& by_rules(const rules::rule_set& rules) {
    rules_ = &rules;
    return *this;
  }

  watched& when(event input) {
    if (wall_) input.recorded_at = std::max(clock_, input.occurred_at);
    clock_reading clock;
    clock.wall = wall_;
    clock.now = std::max(clock_, wall_ ? input.recorded_at : input.occurred_at);
    clock.before = wall_ ? clock.now : std::max(clock_, input.occurred_at - milliseconds(1));
    clock.recorded_at = input.recorded_at;
    return take(std::move(input), clock);
  }
  /// The clock moves on with nothing said.
  watched& at_time(std::string_view when) {
    clock_reading clock;
    clock.wall = wall_;
    clock.before = clock.now = clock.recorded_at = std::max(clock_, at(when));
    return take(std::nullopt, clock);
  }
  watched& told(const std::vector<event>& inputs) {
    for (const auto& e : inputs) when(e);
    return *this;
  }

  const project_state& operator*() const { return state_; }
  const project_state* operator->() const { return &state_; }
  [[nodiscard]] const std::vector<event>& last() const { return last_; }
  [[nodiscard]] const std::vector<event>& history() const { return history_; }
  [[nodiscard]] std::optional<instant> next_due() const { return next_due_; }

  /// The anomaly of a rule (and order), resolved or not; null when there never was one, or it is history.
  [[nodiscard]] const anomaly* found(std::string_view rule_id, std::string_view order_ref = {}) const {
    for (const auto& a : state_.anomalies)
      if (a.rule_id == rule_id && (order_ref.empty() || a.order_ref == order_ref)) return &a;
    return nullptr;
  }
  [[nodiscard]] bool is_open(std::string_view rule_id) const {
    const auto* a = found(rule_id);
    return a != nullptr && !a->is_resolved();
  }
  /// Rules with an open anomaly, by id.
  [[nodiscard]] std::vector<std::string> open() const {
    std::vector<std::string> ids;
    for (const auto& a : state_.anomalies)
      if (!a.is_resolved()) ids.push_back(a.rule_id);
    std::sort(ids.begin(), ids.end());
    return ids;
  }
  /// Who was told in the last step, as "email:coordinator" or "ticket:crm/to_validate".
  [[nodiscard]] std::vector<std::string> told_whom(std::string_view rule_id = {}) const {
    std::vector<std::string> whom;
    for (const auto& e : last_) {
      if (e.type != own_type::notification_requested) continue;
      const auto data = json_document::parse(e.data);
      const auto text = [&](const char* key) { return std::string(json::get_string(data->root(), key).value_or("")); };
      if (!rule_id.empty() && text("rule_id") != rule_id) continue;
      whom.push_back(text("channel") + ":" + text("recipient") + (text("state").empty() ? "" : "/" + text("state")));
    }
    std::sort(whom.begin(), whom.end());
    return whom;
  }
  [[nodiscard]] const step* step_of(step_type type, std::string_view order_ref = {}) const {
    const std::vector<step>* steps = &state_.steps;
    if (scope_of(type) == step_scope::order) steps = &state_.find_order(order_ref)->concluded.steps;
    if (scope_of(type) == step_scope::installation) steps = &state_.installation_steps;
    for (const auto& s : *steps)
      if (s.type == type) return &s;
    return nullptr;
  }

private:
  watched& take(std::optional<event> input, const clock_reading& clock) {
    const auto& settings = settings_;
    auto decided = decide(state_, test_project, input, settings, rules_, clock);
    const auto again = decide(state_, test_project, input, settings, rules_, clock);
    EXPECT_EQ(decided.events, again.events) << "deciding again gives the same events, ids included";
    EXPECT_EQ(decided.next, again.next);
    for (const auto& e : decided.events) {
      EXPECT_EQ(minify_json(e.data), e.data);
      EXPECT_EQ(e.causation_id.has_value(), e.kind == event_kind::derived) << e.type;
      evolve(folded_, e, settings);
    }
    EXPECT_EQ(folded_, decided.next) << "folding the stored events gives the state after";
    EXPECT_EQ(conclude(decided.next, settings), held_conclusions(decided.next)) << "nothing is left to conclude";
    clock_ = clock.now;
    state_ = std::move(decided.next);
    last_ = std::move(decided.events);
    history_.insert(history_.end(), last_.begin(), last_.end());
    next_due_ = decided.next_due;
    return *this;
  }

  const rules::rule_set* rules_;
  domain_settings settings_ = paris();
  bool wall_ = false;
  instant clock_ = instant::min();
  project_state state_;
  project_state folded_;
  std::vector<event> last_;
  std::vector<event> history_;
  std::optional<instant> next_due_;
};

}  // namespace plo::spec
