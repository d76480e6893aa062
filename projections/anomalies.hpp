// All anomalies of all projects: one row each, by severity and by age, within their status.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "domain/anomaly.hpp"
#include "projections/page.hpp"
#include "projections/read_models.hpp"

namespace plo::projections {

enum class anomaly_order { severity, raised_at };

struct anomaly_query {
  anomaly_order order = anomaly_order::severity;
  bool descending = true;  // the worst, or the newest, first
  page_request page;
  std::optional<anomaly_status> status;  // empty: all
  // Empty: any.
  std::string severity, rule_id, store_id, type, assigned_to;
  std::optional<project_id> project;
  std::optional<instant> from, to;  // raised_at, [from, to)
};

[[nodiscard]] std::unique_ptr<projection> make_anomalies();

/// A page of anomalies. Of equal severity the one that has waited longest comes first. Filters beside the status read the rows of
/// that status.
[[nodiscard]] page list_anomalies(const eventstore::kv_reader& views, const anomaly_query& query);
[[nodiscard]] char cursor_list(anomaly_order order, bool descending);

struct anomaly_row {
  project_id project;
  std::string json;   // as in the list
  std::string facts;  // JSON [{path, value}]
};
[[nodiscard]] std::optional<anomaly_row> find_anomaly(const eventstore::kv_reader& views, const anomaly_id& id);

/// Whether any anomaly of the rule is on record.
[[nodiscard]] bool has_fired(const eventstore::kv_reader& views, std::string_view rule_id);

}  // namespace plo::projections
