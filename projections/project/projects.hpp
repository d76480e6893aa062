// The project list: one row per project, filtered and sorted by an index in memory.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "projections/core/list_indexes.hpp"
#include "projections/core/page.hpp"
#include "projections/core/projection.hpp"
#include "projections/project/legs.hpp"

namespace plo::projections {

/// What the list is filtered and sorted by.
struct project_index {
  static constexpr std::string_view name = "projects";
  enum facet : std::size_t { status, type, store, severity, assigned_to, facets };
  enum column : std::size_t { oldest_anomaly, updated_at, created_at, risk, columns };
};

enum class project_order { oldest_anomaly, updated_at, created_at, risk };

struct project_query {
  project_order order = project_order::oldest_anomaly;
  bool descending = true;
  page_request page;
  // Empty: any. `assigned_to` may be "none": nobody.
  std::string status, type, store_id, customer_id, severity, assigned_to, text;
  std::optional<instant> from, to;  // created_at, [from, to)
  std::optional<double> risk_min;   // projects without a risk do not match
};

[[nodiscard]] std::unique_ptr<projection> make_projects(const project_fold& projects, facet_index& index);

/// A page of list items.
[[nodiscard]] page list_projects(reading& views, const project_query& query);
/// What the index is asked for them, without page and cursor.
[[nodiscard]] index_query index_query_of(const reading& views, const project_query& query);
/// The list item of a project; empty when there is none.
[[nodiscard]] std::string project_item(const row_reader& views, const project_id& id);

/// The project's store; empty when it has none or is not there yet.
[[nodiscard]] std::string store_of(const row_reader& views, const project_id& id, position at);

/// Closed projects with a status (completed or cancelled) that nothing has happened to since an instant, longest ago first, behind a place.
[[nodiscard]] std::vector<list_place> closed_projects(const reading& views, std::string_view status, instant untouched_since,
                                                      const std::optional<list_place>& after, std::size_t most);

/// The letter that marks cursors of this order.
[[nodiscard]] char cursor_list(project_order order, bool descending);

}  // namespace plo::projections
