// Filters and sort orders of the lists, as the lists themselves and their exports take them.
#pragma once

#include "http/server/parameters.hpp"
#include "projections/project/anomalies.hpp"
#include "projections/project/projects.hpp"

namespace plo::http {

inline constexpr std::size_t max_filter_bytes = 200;

/// Everything but the page.
[[nodiscard]] projections::project_query read_project_query(parameters& p, const zone& tz);
[[nodiscard]] projections::anomaly_query read_anomaly_query(parameters& p, const zone& tz);

}  // namespace plo::http
