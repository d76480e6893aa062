// The sentences of the audit journal.
#include <array>

#include <fmt/format.h>

#include "base/json.hpp"
#include "projections/operators/audit.hpp"

namespace plo::projections {

namespace {

/// `{name}` stands for a text of the event's data. Where one is missing, `plain` says as much as can be said.
struct audit_sentence {
  std::string_view type;
  std::string_view sentence;
  std::string_view plain;
};

constexpr audit_sentence audit_sentences[] = {
    {"note.added", "Added a note", ""},
    {"project.created", "Created the project", ""},
    {"project.assigned", "Assigned the project to {assigned_to}", "Took the project from whoever had it"},
    {"project.status_set", "Set the project's status to {status}", "Set the project's status"},
    {"project.closed", "Closed the project", ""},
    {"project.closed_with_issue", "Closed the project with an issue", ""},
    {"project.reopened", "Reopened the project", ""},
    {"step.updated", "Set the step {step_type} to {status}", "Updated a step"},
    {"order.created", "Created the order {order_ref} in advance", "Created an order in advance"},
    {"partial_delivery.approved", "Recorded an answer to the partial delivery", ""},
    {"anomaly.acknowledged", "Acknowledged the anomaly of rule {rule_id}", "Acknowledged an anomaly"},
    {"anomaly.snoozed", "Snoozed the anomaly of rule {rule_id} until {until}", "Snoozed an anomaly"},
    {"anomaly.resolved", "Resolved the anomaly of rule {rule_id}", "Resolved an anomaly"},
    {"anomaly.assigned", "Assigned the anomaly to {assigned_to}", "Took the anomaly from whoever had it"},
    {"notification.retry_requested", "Sent a failed notification again", ""},
    {"dead_letter.attached", "Attached a dead letter to the project {project_id}", "Attached a dead letter"},
    {"dead_letter.discarded", "Discarded a dead letter", ""},
    {"rule.defined", "Defined the rule {rule_id}", "Defined a rule"},
    {"rule.changed", "Changed the rule {rule_id}", "Changed a rule"},
    {"rule.activated", "Activated the rule {rule_id}", "Activated a rule"},
    {"rule.deactivated", "Deactivated the rule {rule_id}", "Deactivated a rule"},
    {"rule.deleted", "Deleted the rule {rule_id}", "Deleted a rule"},
    {"rule.overridden", "Changed the overrides of the rule {rule_id}", "Changed the overrides of a rule"},
    {"operator.added", "Added the user {email}", "Added a user"},
    {"operator.changed", "Changed the user {user_id}", "Changed a user"},
    {"operator.password_set", "Set the password of the user {user_id}", "Set a password"},
    {"operator.removed", "Removed the user {email}", "Removed a user"},
    {"operator.logged_out", "Logged out", ""},
    {"customer.erased", "Erased the personal data of the customer {customer_id}", "Erased a customer's personal data"},
    {"clock.set", "The server started on the {mode} clock", "The server started on another clock"},
};

/// Empty when a text is missing.
std::string fill(std::string_view sentence, json::element data) {
  std::string filled;
  while (!sentence.empty()) {
    const auto open = sentence.find('{');
    filled += sentence.substr(0, open);
    if (open == std::string_view::npos) break;
    const auto close = sentence.find('}', open);
    const auto value = json::get_string(data, sentence.substr(open + 1, close - open - 1));
    if (!value || value->empty()) return {};
    filled += *value;
    sentence.remove_prefix(close + 1);
  }
  return filled;
}

}  // namespace

std::string audit_summary(const recorded_event& e, bool accounts) {
  const auto document = json_document::parse(e.data);
  std::string said;
  for (const auto& known : audit_sentences) {
    if (known.type != e.type || !document) continue;
    if (accounts || known.sentence.find("{email}") == std::string_view::npos) said = fill(known.sentence, document->root());
    if (said.empty()) said = known.plain;
  }
  if (said.empty()) said = fmt::format("Recorded {}", e.type);
  const bool from_file = document && json::get_string(document->root(), "origin") == "file";
  return said + (from_file ? ", from the rule file." : ".");
}

}  // namespace plo::projections
