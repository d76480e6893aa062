// What the rules found, folded: anomalies and the deadlines that have passed.

#include <algorithm>

#include "domain/project/evolve_parts.hpp"

namespace plo::fold {

namespace {

event_severity severity_of(const payload& data) {
  return data->text("severity") == to_string(event_severity::critical) ? event_severity::critical : event_severity::warning;
}

std::vector<step_type> steps_named(const payload& data) {
  std::vector<step_type> steps;
  for (const auto& name : data->texts("blocks").value_or(std::vector<std::string>{}))
    if (const auto type = parse_step_type(name)) steps.push_back(*type);
  return steps;
}

void triggered(anomaly& a, const project_state& state, const event& e, const payload& data) {
  const auto noticed = data->moment("last_triggered_at").value_or(e.occurred_at);
  const auto happened = data->moment("triggered_for").value_or(noticed);
  const bool first = data->has("cause");
  a.last_triggered_at = first ? noticed : std::max(a.last_triggered_at, noticed);
  // An event that comes late does not hide the newer one that nothing has followed yet; a deadline may move either way.
  if (first || a.cause_deadline || happened >= a.triggered_for) {
    a.triggered_for = happened;
    a.triggered_by_version = state.events;
  }
  a.occurrences = static_cast<std::uint32_t>(data->integer("occurrences").value_or(1));
}

void raised(project_state& state, const event& e, const payload& data, const anomaly_id& id) {
  anomaly a;
  a.id = id;
  a.rule_id = data->text("rule_id").value_or("");
  a.rule_version = static_cast<std::uint32_t>(data->integer("rule_version").value_or(0));
  a.rule_name = data->text("rule_name").value_or("");
  a.scope = parse_event_scope(data->text("scope").value_or("")).value_or(event_scope::project);
  a.entity = data->text("entity").value_or("");
  a.order_ref = data->text("order_ref").value_or("");
  a.severity = severity_of(data);
  a.raised_at = data->moment("raised_at").value_or(e.occurred_at);
  triggered(a, state, e, data);
  if (const auto cause = data->object("cause")) {
    if (const auto event = event_id::parse(cause->text("event_id").value_or(""))) a.cause_event = *event;
    a.cause_deadline = cause->moment("deadline");
  }
  a.facts = data.raw("facts").value_or("[]");
  a.blocks = steps_named(data);
  a.escalate_at = data->moment("escalate_at");
  // The resolved one of the same key is history now.
  std::erase_if(state.anomalies, [&](const anomaly& held) {
    return held.is_resolved() && held.rule_id == a.rule_id && held.is_about(a.key());
  });
  state.anomalies.push_back(std::move(a));
}

void reopened(anomaly& a, const project_state& state, const event& e, const payload& data) {
  triggered(a, state, e, data);
  a.status = anomaly_status::open;
  a.severity = severity_of(data);
  a.rule_version = static_cast<std::uint32_t>(data->integer("rule_version").value_or(a.rule_version));
  a.facts = data.raw("facts").value_or("[]");
  a.blocks = steps_named(data);
  // It escalates once only.
  a.escalate_at = a.escalated_at ? std::nullopt : data->moment("escalate_at");
  a.acknowledged_at.reset();
  a.acknowledged_by.clear();
  a.snoozed_at.reset();
  a.snoozed_until.reset();
  a.resolved_at.reset();
  a.resolved_by.clear();
  a.late_event.reset();
}

void add_comment(anomaly& a, const event& e, const payload& data) {
  const auto said = data->text("comment").value_or(e.comment);
  if (!said.empty()) a.comments.push_back({std::string(said), e.operator_id, e.occurred_at});
}

void resolved(anomaly& a, const event& e, const payload& data) {
  a.status = anomaly_status::resolved;
  a.resolved_at = data->moment("resolved_at").value_or(e.occurred_at);
  a.resolved_by = data->text("resolved_by").value_or(e.operator_id.empty() ? "operator" : std::string_view(e.operator_id));
  if (const auto late = event_id::parse(data->text("late_event_id").value_or(""))) a.late_event = *late;
  a.snoozed_at.reset();
  a.snoozed_until.reset();
}

/// The clock of the escalation stands still while the anomaly is snoozed.
void wake_from_snooze(anomaly& a, instant at) {
  if (a.status != anomaly_status::snoozed) return;
  a.status = a.acknowledged_at ? anomaly_status::acknowledged : anomaly_status::open;
  // However late its end is noticed, the snooze lasted until then.
  if (a.snoozed_until) at = std::min(at, *a.snoozed_until);
  if (a.escalate_at && a.snoozed_at) *a.escalate_at += at - *a.snoozed_at;
  a.snoozed_at.reset();
  a.snoozed_until.reset();
}

void acknowledged(anomaly& a, const event& e) {
  wake_from_snooze(a, e.occurred_at);
  a.status = anomaly_status::acknowledged;
  a.acknowledged_at = e.occurred_at;
  a.acknowledged_by = e.operator_id.empty() ? "operator" : e.operator_id;
}

void snoozed(anomaly& a, const event& e, const payload& data) {
  const auto until = data->moment("until");
  if (!until) return;
  // Snoozed again: the clock has stood still since the first time.
  if (a.status != anomaly_status::snoozed) a.snoozed_at = e.occurred_at;
  a.status = anomaly_status::snoozed;
  a.snoozed_until = until;
}

/// What a deadline is about. Logs of older engines tell an order by its reference alone.
entity_key entity_told(const payload& data) {
  if (const auto ref = data->text("order_ref")) return {event_scope::order, std::string(*ref)};
  return key_of(parse_event_scope(data->text("scope").value_or("")).value_or(event_scope::project), data->text("entity").value_or(""));
}

void deadline_passed(project_state& state, const event& e, const payload& data) {
  const auto due = data->moment("due_at");
  if (!due) return;
  passed_deadline passed{std::string(data->text("rule_id").value_or("")), entity_told(data), *due, data->moment("fired_at").value_or(e.occurred_at)};
  for (auto& held : state.passed_deadlines) {
    if (held.rule_id != passed.rule_id || held.about != passed.about) continue;
    held = std::move(passed);
    return;
  }
  state.passed_deadlines.push_back(std::move(passed));
}

void deadline_rearmed(project_state& state, const payload& data) {
  const auto rule_id = data->text("rule_id").value_or("");
  const bool named = data->has("scope") || data->has("order_ref");
  std::erase_if(state.passed_deadlines, [&, about = entity_told(data)](const passed_deadline& p) { return p.rule_id == rule_id && (!named || p.about == about); });
}

}  // namespace

void entity_renamed(project_state& state, event_scope scope, const std::string& from, const std::string& to) {
  for (auto& a : state.anomalies)
    if (a.scope == scope && a.entity == from) a.entity = to;
  for (auto& p : state.passed_deadlines)
    if (p.about.scope == scope && p.about.name == from) p.about.name = to;
}

void clock_event(project_state& state, const event& e, const payload& data) {
  if (e.type == own_type::deadline_passed) return deadline_passed(state, e, data);
  for (auto& a : state.anomalies) {
    if (a.id.to_string() != data->text("anomaly_id").value_or("")) continue;
    if (e.type == own_type::snooze_ended) wake_from_snooze(a, e.occurred_at);
    else if (e.type == own_type::escalation_due) a.escalate_at.reset();
  }
}

void anomaly_event(project_state& state, const event& e, const payload& data) {
  if (e.type == own_type::deadline_rearmed) return deadline_rearmed(state, data);
  const auto id = anomaly_id::parse(data->text("anomaly_id").value_or(""));
  if (!id) return;
  if (e.type == own_type::anomaly_raised) return raised(state, e, data, *id);
  const auto held = std::find_if(state.anomalies.begin(), state.anomalies.end(), [&](const anomaly& a) { return a.id == *id; });
  if (held == state.anomalies.end()) return;
  if (e.type == own_type::anomaly_triggered_again) {
    triggered(*held, state, e, data);
  } else if (e.type == own_type::anomaly_reopened) {
    reopened(*held, state, e, data);
  } else if (e.type == own_type::anomaly_escalated) {
    held->escalated_at = data->moment("escalated_at").value_or(e.occurred_at);
    held->escalate_at.reset();
  } else if (e.type == own_type::anomaly_resolved) {
    resolved(*held, e, data);
    if (e.kind == event_kind::operator_) add_comment(*held, e, data);
  } else if (e.type == own_type::anomaly_acknowledged) {
    acknowledged(*held, e);
    add_comment(*held, e, data);
  } else if (e.type == own_type::anomaly_snoozed) {
    snoozed(*held, e, data);
    add_comment(*held, e, data);
  } else if (e.type == own_type::anomaly_assigned) {
    held->assigned_to = data->text("assigned_to").value_or("");
    add_comment(*held, e, data);
  }
}

}  // namespace plo::fold

namespace plo {

std::string_view to_string(anomaly_status status) {
  switch (status) {
    case anomaly_status::open: return "open";
    case anomaly_status::acknowledged: return "acknowledged";
    case anomaly_status::snoozed: return "snoozed";
    case anomaly_status::resolved: return "resolved";
  }
  return "";
}

}  // namespace plo
