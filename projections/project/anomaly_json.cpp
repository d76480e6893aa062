#include "projections/project/anomaly_json.hpp"

#include <algorithm>

namespace plo::projections {

void write_anomaly(json_writer& json, const anomaly& a, const project_id& project) {
  json.begin_object();
  json.field("anomaly_id", a.id).field("rule_id", a.rule_id).field("rule_version", a.rule_version).field("rule_name", a.rule_name);
  json.field("project_id", project).field("scope", to_string(a.scope)).field("entity", a.entity);
  json.field("severity", to_string(a.severity)).field("status", to_string(a.status));
  json.field("raised_at", a.raised_at).field("last_triggered_at", a.last_triggered_at).field("occurrences", a.occurrences);
  json.field("escalated", a.escalated_at.has_value()).field("escalated_at", a.escalated_at);
  json.field("acknowledged_at", a.acknowledged_at).field_or_null("acknowledged_by", a.acknowledged_by);
  json.field("snoozed_until", a.snoozed_until);
  json.field("resolved_at", a.resolved_at).field_or_null("resolved_by", a.resolved_by).field("late_event_id", a.late_event);
  json.field_or_null("assigned_to", a.assigned_to);
  json.key("comments").begin_array();
  for (const auto& c : a.comments)
    json.begin_object().field("comment", c.comment).field_or_null("operator_id", c.operator_id).field("at", c.at).end_object();
  json.end_array();
  json.key("blocks").begin_array();
  for (const auto step : a.blocks) json.value(to_string(step));
  json.end_array();
  json.key("cause").begin_object();
  if (a.cause_deadline) json.field("deadline", *a.cause_deadline);
  else json.field("event_id", a.cause_event);
  json.end_object().end_object();
}

anomaly_summary summary_of(const project_state& project) {
  anomaly_summary summary;
  for (const auto& a : project.anomalies) {
    if (a.is_resolved()) continue;
    ++(a.severity == event_severity::critical ? summary.critical : summary.warning);
    if (!summary.oldest || a.raised_at < *summary.oldest) summary.oldest = a.raised_at;
  }
  return summary;
}

}  // namespace plo::projections
