// All anomalies of all projects: one row each, filtered and sorted by an index in memory.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "domain/project/anomaly.hpp"
#include "projections/core/list_indexes.hpp"
#include "projections/core/page.hpp"
#include "projections/core/projection.hpp"
#include "projections/project/legs.hpp"

namespace plo::projections {

/// What the list is filtered and sorted by.
struct anomaly_index {
  static constexpr std::string_view name = "anomalies";
  enum facet : std::size_t { status, severity, rule, store, type, assigned_to, facets };
  enum column : std::size_t { severity_and_age, raised_at, columns };
};

enum class anomaly_order { severity, raised_at };

struct anomaly_query {
  anomaly_order order = anomaly_order::severity;
  bool descending = true;  // the worst, or the newest, first
  page_request page;
  std::optional<anomaly_status> status;  // empty: all
  // Empty: any. `assigned_to` may be "none": nobody. Store and type are those that the project has now.
  std::string severity, rule_id, store_id, type, assigned_to;
  std::optional<project_id> project;
  std::optional<instant> from, to;  // raised_at, [from, to)
};

[[nodiscard]] std::unique_ptr<projection> make_anomalies(const project_fold& projects, facet_index& index);

/// A page of anomalies. Of equal severity the one that has waited longest comes first.
[[nodiscard]] page list_anomalies(reading& views, const anomaly_query& query);
/// What the index is asked for them, without page and cursor.
[[nodiscard]] index_query index_query_of(const reading& views, const anomaly_query& query);
[[nodiscard]] char cursor_list(anomaly_order order, bool descending);

struct anomaly_row {
  project_id project;
  std::string json;   // as in the list
  std::string facts;  // JSON [{path, value}]
};
[[nodiscard]] std::optional<anomaly_row> find_anomaly(const row_reader& views, const anomaly_id& id);

/// Whether any anomaly of the rule is on record.
[[nodiscard]] bool has_fired(const row_reader& views, std::string_view rule_id);

}  // namespace plo::projections
