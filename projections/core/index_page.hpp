// From an index's answer to a page of rows.
#pragma once

#include "projections/core/facet_index.hpp"
#include "projections/core/list_indexes.hpp"
#include "projections/core/page.hpp"

namespace plo::projections {

/// Adds a condition on a facet unless `value` is empty, which is any.
inline void require_facet(index_query& query, std::size_t facet, const std::string& value) {
  if (!value.empty()) query.facets.push_back({facet, value});
}

/// Who something is assigned to: a user's id, or `none` for nobody.
inline void require_assignee(index_query& query, std::size_t facet, const std::string& value) {
  if (!value.empty()) query.facets.push_back({facet, value == "none" ? std::string() : value});
}

/// Times of [from, to) in a column of milliseconds.
inline void require_period(index_query& query, std::size_t column, const std::optional<instant>& from, const std::optional<instant>& to) {
  if (!from && !to) return;
  column_condition period;
  period.column = column;
  if (from) period.least = from->time_since_epoch().count();
  if (to) period.most = to->time_since_epoch().count() - 1;
  query.columns.push_back(period);
}

/// A page of what the index finds, or less of it when its rows are large; rows and index of one position; `views` is released. `write` writes the row of an id.
template <class Write>
[[nodiscard]] page read_page(reading& views, const facet_index& index, index_query query, const page_request& request, Write write) {
  query.limit = request.limit;
  if (request.after) query.after = decode_place(*request.after);
  const auto answer = index.select(query);
  views.release();
  page result;
  json_writer items;
  items.begin_array();
  const list_place* last = nullptr;
  for (const auto& row : answer.rows) {
    if (last != nullptr && items.view().size() > max_page_bytes) break;
    write(items, row.id);
    last = &row;
  }
  result.items = items.end_array().str();
  result.total = answer.total;
  if (last != nullptr && (answer.more || last != &answer.rows.back())) result.next = encode_place(*last);
  return result;
}

}  // namespace plo::projections
