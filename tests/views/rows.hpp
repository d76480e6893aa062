// The rows of all read models, to be compared.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "projections/core/read_models.hpp"
#include "projections/registry.hpp"

namespace plo::projections {

/// Those that the product has.
inline std::vector<row_family> all_rows(const eventstore::log& log) {
  std::vector<row_family> families;
  list_indexes none;
  each_projection(all_views({}).make({log, {}, none}), [&](const projection& p) { families.push_back(p.rows()); });
  return families;
}

inline std::vector<std::pair<std::string, std::string>> rows_of(const read_models& of, const row_family& family) {
  std::vector<std::pair<std::string, std::string>> rows;
  of.reader()->scan(family, "", "", [&](std::string_view key, std::string_view value) {
    rows.emplace_back(key, value);
    return true;
  });
  return rows;
}

}  // namespace plo::projections
