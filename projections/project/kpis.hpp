// How the operation fares: counts and means per day, store and type, kept as the log is folded.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "projections/core/list_indexes.hpp"
#include "projections/core/projection.hpp"
#include "projections/project/legs.hpp"

namespace plo::projections {

inline constexpr int max_kpi_days = 400;
inline constexpr std::size_t max_top_rules = 10;
/// Percentiles come from a histogram whose buckets grow by a tenth: they are within 5 % of the true value, or within a minute.
inline constexpr double lead_time_growth = 1.1;

struct kpi_query {
  local_day from, to;           // both included
  std::string store_id, type;   // empty: all
};

/// Days are days of the zone. An anomaly counts for the store and type that its project has now.
[[nodiscard]] std::unique_ptr<projection> make_kpis(const project_fold& projects, const domain_settings& settings);

/// The KPIs as JSON. What was raised, acknowledged, resolved or delivered counts on its day; what is open is what is open now.
[[nodiscard]] std::string kpis_json(reading& views, const kpi_query& query);

}  // namespace plo::projections
