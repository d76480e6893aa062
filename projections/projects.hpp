// The project list: one row per project, in every order the contract sorts by.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "projections/page.hpp"
#include "projections/read_models.hpp"

namespace plo::projections {

enum class project_order { oldest_anomaly, updated_at, created_at };

struct project_query {
  project_order order = project_order::oldest_anomaly;
  bool descending = true;
  page_request page;
  // Empty: any.
  std::string status, type, store_id, customer_id, severity, assigned_to, text;
  std::optional<instant> from, to;  // created_at, [from, to)

  [[nodiscard]] bool filters() const;
};

[[nodiscard]] std::unique_ptr<projection> make_projects();

/// A page of list items. Unfiltered pages cost the same however many projects there are; filtered ones read the rows of the order
/// from the cursor on until the page is full, and count the total over all rows.
[[nodiscard]] page list_projects(const eventstore::kv_reader& views, const project_query& query);

/// The project's store; empty when it has none or is not there yet.
[[nodiscard]] std::string store_of(const eventstore::kv_reader& views, const project_id& id);

/// The project's type; empty when it has none or is not there yet.
[[nodiscard]] std::string type_of(const eventstore::kv_reader& views, const project_id& id);

/// The letter that marks cursors of this order.
[[nodiscard]] char cursor_list(project_order order, bool descending);

}  // namespace plo::projections
