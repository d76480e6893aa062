// Customers, as their projects tell of them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "projections/core/page.hpp"
#include "projections/core/projection.hpp"
#include "projections/project/legs.hpp"

namespace plo::projections {

inline constexpr char customers_cursor = 'c';
/// Projects that a customer shows of each of current, past and planned: the newest.
inline constexpr std::size_t max_projects_shown = 50;

struct customer_query {
  page_request page;
  std::string text;  // every term begins a word of the name or id; empty: all
};

[[nodiscard]] std::unique_ptr<projection> make_customers(const project_fold& projects);

/// A page of customers by name (without case and accents), then id.
[[nodiscard]] page list_customers(const row_reader& views, const customer_query& query);
/// One as in the list; empty when there is none.
[[nodiscard]] std::optional<std::string> customer_json(const row_reader& views, std::string_view customer_id);

/// All projects of a customer, in no order.
[[nodiscard]] std::vector<uuid> projects_of_customer(const row_reader& views, std::string_view customer_id);

struct customer_match {
  std::string customer_id, name;
  int match = 0;  // as match_of tells
};
/// Customers that meet all terms; looks at no more than `most` keys of the index.
[[nodiscard]] std::vector<customer_match> find_customers(const row_reader& views, const std::vector<std::string>& terms,
                                                         std::size_t most);

}  // namespace plo::projections
