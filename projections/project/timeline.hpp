// What happened to a project, oldest first, each event with what it caused: its stream, read when somebody asks.
#pragma once

#include <optional>

#include "base/time.hpp"
#include "domain/event/ids.hpp"
#include "eventstore/log.hpp"
#include "projections/core/page.hpp"
#include "projections/project/project_detail.hpp"

namespace plo::projections {

inline constexpr char timeline_cursor = 'T';

/// A page of a project's events by `occurred_at`, then position, as they were known then. Empty when the project did not exist.
[[nodiscard]] std::optional<page> list_timeline(const eventstore::log& log, const project_id& id,
                                                const page_request& request, const known_by& then = {});

}  // namespace plo::projections
