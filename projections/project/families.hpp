// The families that the project's read models keep their rows in.
#pragma once

#include "eventstore/kv/kv_store.hpp"

namespace plo::projections::families {

inline constexpr eventstore::family projects = 1, deadlines = 2, anomalies = 3, dead_letters = 5, search = 6, customers = 7, kpis = 8, legs = 9,
                                    stations = 10;

}  // namespace plo::projections::families
