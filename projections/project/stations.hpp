// The delivery stations, registered from what shipments and consolidations name.
#pragma once

#include <memory>

#include "projections/core/page.hpp"
#include "projections/core/projection.hpp"

namespace plo::projections {

inline constexpr char stations_cursor = 's';

[[nodiscard]] std::unique_ptr<projection> make_stations();

/// A page of `{station_id, name, registered_at, last_event_at, events}`, by id.
[[nodiscard]] page list_stations(const row_reader& views, const page_request& request);

}  // namespace plo::projections
