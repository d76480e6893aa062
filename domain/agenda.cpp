#include "domain/agenda.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "domain/rules/facts.hpp"

namespace plo {

namespace {

/// The deadlines that have passed: looked up once for every rule and order.
using passed_set = std::set<std::tuple<instant, std::string_view, std::string_view>>;

passed_set passed_of(const project_state& state) {
  passed_set passed;
  for (const auto& p : state.passed_deadlines) passed.emplace(p.due, p.rule_id, p.order_ref);
  return passed;
}

}  // namespace

std::string entity_of(event_scope scope, const project_state& state, const order* o) {
  switch (scope) {
    case event_scope::project: return state.id.to_string();
    case event_scope::order: return o ? o->order_ref : "";
    case event_scope::consolidation: return state.consolidation ? state.consolidation->consolidation_id : "";
    // A source need not name its delivery or installation: there is one of a project.
    case event_scope::lastmile:
      return !state.lastmile ? "" : state.lastmile->lastmile_id.empty() ? "lastmile" : state.lastmile->lastmile_id;
    case event_scope::installation:
      return !state.installation ? "" : state.installation->installation_id.empty() ? "installation" : state.installation->installation_id;
  }
  return {};
}

std::vector<appointment> agenda_of(const project_state& state, const rules::rule_set& rules, const domain_settings& settings) {
  std::vector<appointment> agenda;
  using purpose = appointment::purpose;
  const auto passed = passed_of(state);
  const std::string_view store = state.store_id.value ? *state.store_id.value : std::string_view();
  const std::string_view type = state.project_type.value ? *state.project_type.value : std::string_view();
  for (const auto* entry : rules.with_deadline()) {
    const rules::effective_rule rule(*entry, store, type);
    if (!rule.active()) continue;
    const auto scope = rule.definition().scope;
    const auto arm = [&](const order* o) {
      const auto due = rules::due_of(rule, state, o, settings);
      const std::string_view order_ref = o ? std::string_view(o->order_ref) : std::string_view();
      if (due && !passed.contains({*due, rule.definition().id, order_ref}))
        agenda.push_back({purpose::deadline, *due, entry, std::string(order_ref), {}});
    };
    const bool there = scope == event_scope::project || (scope == event_scope::consolidation && state.consolidation) ||
                       (scope == event_scope::lastmile && state.lastmile) ||
                       (scope == event_scope::installation && state.installation);
    if (scope == event_scope::order)
      for (const auto& o : state.orders) arm(&o);
    else if (there)
      arm(nullptr);
  }
  for (const auto& a : state.anomalies) {
    if (a.status == anomaly_status::open && a.escalate_at) agenda.push_back({purpose::escalation, *a.escalate_at, nullptr, "", a.id});
    if (a.status == anomaly_status::snoozed && a.snoozed_until) agenda.push_back({purpose::snooze_end, *a.snoozed_until, nullptr, "", a.id});
  }
  // Rules come by id and orders as they were named: equal times keep that order.
  std::stable_sort(agenda.begin(), agenda.end(), [](const appointment& a, const appointment& b) { return a.due < b.due; });
  return agenda;
}

}  // namespace plo
