// An anomaly: what a rule found wrong with a project, from its raising to its resolution. Part of the project's state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "domain/event/catalogue.hpp"
#include "domain/event/ids.hpp"
#include "domain/event/vocabulary.hpp"

namespace plo {

/// What tells the anomalies and deadlines of one rule apart. A project and its consolidation are there once: they need no name.
struct entity_key {
  event_scope scope = event_scope::project;
  std::string name;  // of scope order, lastmile and installation: the entity's
  auto operator<=>(const entity_key&) const = default;
};

[[nodiscard]] inline bool is_there_once(event_scope scope) { return scope == event_scope::project || scope == event_scope::consolidation; }
[[nodiscard]] inline entity_key key_of(event_scope scope, std::string_view entity) {
  return {scope, is_there_once(scope) ? std::string() : std::string(entity)};
}

enum class anomaly_status : std::uint8_t { open, acknowledged, snoozed, resolved };

[[nodiscard]] std::string_view to_string(anomaly_status status);

struct anomaly_comment {
  std::string comment;
  std::string operator_id;
  instant at{};
  bool operator==(const anomaly_comment&) const = default;
};

struct anomaly {
  anomaly_id id;
  std::string rule_id;
  std::uint32_t rule_version = 0;  // that raised it
  std::string rule_name;
  event_scope scope = event_scope::project;
  std::string entity;     // what it is about (domain/project/entity.hpp): project id, order reference, consolidation, last-mile or installation id
  std::string order_ref;  // of scope order
  event_severity severity = event_severity::warning;  // warning or critical
  anomaly_status status = anomaly_status::open;
  std::uint32_t occurrences = 1;

  // On the project clock (RULES.md, "Event clock").
  instant raised_at{};
  instant last_triggered_at{};  // when the last trigger was noticed
  instant triggered_for{};      // occurred_at of the last triggering event, or the deadline
  std::uint64_t triggered_by_version = 0;  // place in the stream of the last trigger: what came after it, of equal times

  std::optional<event_id> cause_event;    // of the first trigger …
  std::optional<instant> cause_deadline;  // … one of the two
  std::string facts = "[]";               // JSON [{path, value}]: what the condition read
  std::vector<step_type> blocks;          // steps that are blocked while it is not resolved

  std::optional<instant> escalate_at;  // when nobody acknowledges it before; empty: never, or done
  std::optional<instant> escalated_at;
  std::optional<instant> acknowledged_at;
  std::string acknowledged_by;
  std::optional<instant> snoozed_at;
  std::optional<instant> snoozed_until;
  std::optional<instant> resolved_at;
  std::string resolved_by;  // "system", "late_event" or an operator's id
  std::optional<event_id> late_event;
  std::string assigned_to;
  std::vector<anomaly_comment> comments;

  [[nodiscard]] entity_key key() const { return key_of(scope, entity); }
  [[nodiscard]] bool is_about(const entity_key& key) const { return scope == key.scope && (is_there_once(scope) || entity == key.name); }
  [[nodiscard]] bool is_resolved() const { return status == anomaly_status::resolved; }
  bool operator==(const anomaly&) const = default;
};

/// A deadline that has passed and whose anchor has not moved since: it does not pass again.
struct passed_deadline {
  std::string rule_id;
  entity_key about;
  instant due{};
  instant fired_at{};
  bool operator==(const passed_deadline&) const = default;
};

}  // namespace plo
