// The outbox as a read model: what became of every notification, and which of them wait to be sent.
//
// Statuses are a fold of the log like everything else here, so that views that are built again send nothing twice.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "domain/notifications/notification.hpp"
#include "projections/core/list_indexes.hpp"
#include "projections/core/page.hpp"
#include "projections/core/projection.hpp"

namespace plo::projections {

namespace families {
inline constexpr row_family notifications{"notifications"};
}

/// What the list is filtered and sorted by.
struct notification_index {
  static constexpr std::string_view name = "notifications";
  enum facet : std::size_t { status, channel, rule, facets };
  enum column : std::size_t { requested, columns };
};

struct notification_row {
  notification_id id;
  project_id project;
  plo::anomaly_id anomaly_id;
  notification_status status = notification_status::pending;
  position requested;      // the request's event
  position waiting_since;  // the event that made it pending: the request, or the last retry
  position last;           // the newest event about it
  instant created_at{};    // recorded_at of the request
  instant pending_at{};    // recorded_at of what made it pending
  std::optional<instant> sent_at;
  std::uint32_t attempts = 0;
  std::string channel, recipient, rule_id, rule_name, reason, severity, ticket_state, sent_to, error;
};

struct notification_query {
  page_request page;
  // Empty: any.
  std::optional<notification_status> status;
  std::optional<project_id> project;
  std::optional<plo::anomaly_id> anomaly_id;
  std::string channel, rule_id;
};

[[nodiscard]] std::unique_ptr<projection> make_notifications(facet_index& index);

/// A page of list items, newest first.
[[nodiscard]] page list_notifications(reading& views, const notification_query& query);
inline constexpr char notifications_cursor = 'n';

[[nodiscard]] std::optional<notification_row> find_notification(const row_reader& views, const notification_id& id);

/// The lanes there are, whether or not anything waits in them.
[[nodiscard]] std::vector<std::string> notification_lanes(const row_reader& views);
/// What waits in a lane behind a place (a row's `waiting_since`), in order.
[[nodiscard]] std::vector<notification_row> waiting_in(const row_reader& views, std::string_view lane, position after,
                                                       std::size_t most);

struct notification_count {
  std::string channel;
  notification_status status;
  std::uint64_t count;
};
[[nodiscard]] std::vector<notification_count> notification_counts(const row_reader& views);

}  // namespace plo::projections
