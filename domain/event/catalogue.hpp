// The event catalogue: every type that PLO understands, and where it belongs on a project's timeline.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "domain/event/vocabulary.hpp"

namespace plo {

/// The types that a source may post and PLO understands.
enum class event_type : std::uint8_t {
  project_created,
  inspiration_started, inspiration_completed, inspiration_converted,
  quote_products_created, quote_products_sent, quote_products_accepted, quote_products_expired,
  quote_installation_created, quote_installation_sent, quote_installation_accepted,
  order_confirmed, order_line_added, order_line_replaced, order_cancelled,
  stock_check_ok, stock_shortage, stock_partial,
  picking_started, picking_completed, picking_discrepancy,
  shipment_dispatched, shipment_in_transit, shipment_eta_updated, shipment_arrived_at_station, shipment_exception,
  consolidation_order_arrived, consolidation_eta_updated, consolidation_complete, consolidation_partial_approved,
  consolidation_exception,
  lastmile_scheduled, lastmile_rescheduled, lastmile_in_transit, lastmile_delivered, lastmile_partial_delivered,
  lastmile_failed, lastmile_damaged,
  installation_scheduled, installation_rescheduled, installation_cancelled, installation_started,
  installation_completed, installation_issue, installation_partial, installation_report_submitted,
  installation_closed,
  quality_survey_sent, quality_survey_completed, quality_issue_raised,
  project_closed, project_closed_with_issue, project_reopened,
};

/// What an event is about.
enum class event_scope : std::uint8_t { project, order, consolidation, lastmile, installation };

/// How an event looks on the timeline before any rule has judged it.
enum class event_severity : std::uint8_t { info, warning, critical };

[[nodiscard]] std::string_view to_string(event_scope scope);
[[nodiscard]] std::string_view to_string(event_severity severity);
[[nodiscard]] std::optional<event_scope> parse_event_scope(std::string_view name);

struct catalogue_entry {
  event_type type;
  std::string_view name;  // `entity.action`
  event_scope scope;
  std::optional<step_type> step;  // the step it belongs to
  event_severity severity = event_severity::info;
};

/// All entries, in the order of event_type.
[[nodiscard]] std::span<const catalogue_entry> catalogue();

/// The entry of a type by its present name; null when PLO does not know it.
[[nodiscard]] const catalogue_entry* find_type(std::string_view name);

[[nodiscard]] inline bool is_known_type(std::string_view name) { return find_type(name) != nullptr; }

/// The present name of a type that had another one (`delivery.completed` → `lastmile.delivered`); any other name as it is.
[[nodiscard]] std::string_view canonical_type(std::string_view name);

/// `^[a-z_]+\.[a-z_]+$`
[[nodiscard]] bool is_well_formed_type(std::string_view name);

/// Types that operators and PLO itself record, which no source can bring about.
namespace own_type {
inline constexpr std::string_view note_added = "note.added";
inline constexpr std::string_view project_assigned = "project.assigned";
inline constexpr std::string_view project_status_set = "project.status_set";
inline constexpr std::string_view step_updated = "step.updated";
inline constexpr std::string_view order_created = "order.created";
inline constexpr std::string_view partial_delivery_approved = "partial_delivery.approved";

inline constexpr std::string_view steps_changed = "steps.changed";
inline constexpr std::string_view order_recalculated = "order.recalculated";
inline constexpr std::string_view consolidation_recalculated = "consolidation.recalculated";
inline constexpr std::string_view project_recalculated = "project.recalculated";
inline constexpr std::string_view project_status_changed = "project.status_changed";
inline constexpr std::string_view project_closed = "project.closed";      // the conditions for closing came to hold
inline constexpr std::string_view project_reopened = "project.reopened";  // they do not hold any more: a new order, or a late event
inline constexpr std::string_view order_after_closing = "project.order_after_closing";  // somebody had closed it: operations are told
inline constexpr std::string_view not_applied = "event.not_applied";  // {reason}: the event before it changed nothing

// Rules: what the clock brought about, what was found, and who has to know.
inline constexpr std::string_view deadline_passed = "deadline.passed";
inline constexpr std::string_view deadline_rearmed = "deadline.rearmed";  // its anchor moved: it may pass again
inline constexpr std::string_view escalation_due = "escalation.due";
inline constexpr std::string_view snooze_ended = "snooze.ended";
inline constexpr std::string_view clock_set = "clock.set";          // which clock runs from here on
inline constexpr std::string_view rules_changed = "rules.changed";  // the project was looked at with other rules
inline constexpr std::string_view anomaly_raised = "anomaly.raised";
inline constexpr std::string_view anomaly_triggered_again = "anomaly.triggered_again";
inline constexpr std::string_view anomaly_reopened = "anomaly.reopened";
inline constexpr std::string_view anomaly_escalated = "anomaly.escalated";
inline constexpr std::string_view anomaly_resolved = "anomaly.resolved";  // derived, or an operator's
inline constexpr std::string_view anomaly_acknowledged = "anomaly.acknowledged";
inline constexpr std::string_view anomaly_snoozed = "anomaly.snoozed";
inline constexpr std::string_view anomaly_assigned = "anomaly.assigned";
inline constexpr std::string_view notification_requested = "notification.requested";

// About PLO itself.
inline constexpr std::string_view engine_started = "engine.started";                      // {decider, finding}
inline constexpr std::string_view customer_erased = "customer.erased";                    // {customer_id, project_ids}
inline constexpr std::string_view segment_written = "archive.segment_written";            // {segment, projects, events, bytes, digest}
}  // namespace own_type

}  // namespace plo
