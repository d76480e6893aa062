#include "domain/project/agenda.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <tuple>

#include "domain/rules/facts.hpp"

namespace plo {

namespace {

/// The deadlines that have passed: looked up once for every rule and entity.
using passed_set = std::set<std::tuple<instant, std::string_view, std::string_view>>;

passed_set passed_of(const project_state& state) {
  passed_set passed;
  for (const auto& p : state.passed_deadlines) passed.emplace(p.due, p.rule_id, p.about.name);
  return passed;
}

}  // namespace

std::vector<appointment> agenda_of(const project_state& state, const rules::rule_set& rules, const domain_settings& settings) {
  std::vector<appointment> agenda;
  using purpose = appointment::purpose;
  const auto passed = passed_of(state);
  std::array<std::optional<std::vector<entity>>, 5> by_scope;
  const std::string_view store = state.store_id.value ? *state.store_id.value : std::string_view();
  const std::string_view type = state.project_type.value ? *state.project_type.value : std::string_view();
  for (const auto* entry : rules.with_deadline()) {
    const rules::effective_rule rule(*entry, store, type);
    if (!rule.active()) continue;
    const auto scope = rule.definition().scope;
    // A dozen rules look at the same entities.
    auto& entities = by_scope[static_cast<std::size_t>(scope)];
    if (!entities) entities = entities_of(scope, state);
    for (const auto& e : *entities) {
      const auto due = rules::due_of(rule, state, e, settings);
      if (!due) continue;
      auto about = key_of(e, state);
      if (!passed.contains({*due, rule.definition().id, about.name})) agenda.push_back({purpose::deadline, *due, entry, std::move(about), {}});
    }
  }
  for (const auto& a : state.anomalies) {
    if (a.status == anomaly_status::open && a.escalate_at) agenda.push_back({purpose::escalation, *a.escalate_at, nullptr, {}, a.id});
    if (a.status == anomaly_status::snoozed && a.snoozed_until) agenda.push_back({purpose::snooze_end, *a.snoozed_until, nullptr, {}, a.id});
  }
  // Rules come by id and entities as they were named: equal times keep that order.
  std::stable_sort(agenda.begin(), agenda.end(), [](const appointment& a, const appointment& b) { return a.due < b.due; });
  return agenda;
}

}  // namespace plo
