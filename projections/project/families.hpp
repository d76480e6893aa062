// The rows that the project's read models keep.
#pragma once

#include "projections/core/rows.hpp"

namespace plo::projections::families {

inline constexpr row_family projects{"projects", 8u << 20}, deadlines{"deadlines"}, anomalies{"anomalies"}, dead_letters{"dead_letters", 2u << 20},
    search{"search", 8u << 20}, customers{"customers"}, kpis{"kpis"}, legs{"legs", 2u << 20}, stations{"stations", 1u << 20};

}  // namespace plo::projections::families
