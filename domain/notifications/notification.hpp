// A notification: somebody outside PLO is told about an anomaly, by mail or by a ticket. It is an event first
// (`notification.requested`, in the project's stream) and sent afterwards; what became of it is an event of the outbox stream.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "domain/event/catalogue.hpp"
#include "domain/event/command_stamp.hpp"
#include "domain/event/event.hpp"
#include "domain/event/ids.hpp"

namespace plo {

namespace notification_type {
inline constexpr std::string_view requested = own_type::notification_requested;      // derived, in the project's stream
inline constexpr std::string_view sent = "notification.sent";                        // derived, in the outbox stream
inline constexpr std::string_view failed = "notification.failed";                    // the same
inline constexpr std::string_view retry_requested = "notification.retry_requested";  // an operator's, in the outbox stream
}  // namespace notification_type

enum class notification_status : std::uint8_t { pending = 1, sent = 2, failed = 3 };
[[nodiscard]] std::string_view to_string(notification_status status);
[[nodiscard]] std::optional<notification_status> parse_notification_status(std::string_view text);

/// Where a notification goes that has no address, or a history that is only being loaded.
inline constexpr std::string_view sent_to_log = "log";

/// What a `notification.requested` says.
struct notification_request {
  notification_id id;
  project_id project;
  plo::anomaly_id anomaly_id;
  std::string rule_id;
  std::uint32_t rule_version = 0;
  std::string rule_name;
  std::string channel;    // "email" | "ticket"
  std::string recipient;  // a role, or the name of a webhook
  std::string reason;     // "raised" | "reopened" | "escalated"
  std::string ticket_state;
  std::string severity;
  std::string scope;
  std::string entity;
  bool operator==(const notification_request&) const = default;
};

/// What goes the same way: `email`, or `ticket:crm`. A server that does not answer holds up its own lane alone.
[[nodiscard]] std::string lane_of(const notification_request& request);

/// Empty for an event of another type or kind, outside a project's stream, or without an id.
[[nodiscard]] std::optional<notification_request> read_notification_request(const recorded_event& e);

/// What became of it.
struct delivery_report {
  bool delivered = false;
  std::string sent_to;  // addresses or the webhook's name; "log"
  std::string error;    // why it failed, or whom it did not reach
  std::uint32_t attempts = 0;
  bool operator==(const delivery_report&) const = default;
};

/// `notification.sent` or `notification.failed`, caused by the request's event.
[[nodiscard]] event report_event(const notification_request& request, const event_id& requested_by, const delivery_report& report,
                                 instant now);

/// `notification.retry_requested`.
[[nodiscard]] event retry_event(const notification_request& request, const event_id& requested_by, const command_stamp& by,
                                instant now);

/// Of a sent, failed or retry_requested event of the outbox stream; empty for any other event.
[[nodiscard]] std::optional<notification_id> notification_of(const recorded_event& e);
[[nodiscard]] delivery_report read_report(const recorded_event& e);

}  // namespace plo
