// What happened to a project, oldest first, each event with what it caused.
#pragma once

#include <memory>

#include "projections/page.hpp"
#include "projections/read_models.hpp"

namespace plo::projections {

inline constexpr char timeline_cursor = 'T';

[[nodiscard]] std::unique_ptr<projection> make_timeline();

/// A page of a project's events by `occurred_at`, then position. Empty when the project has none.
[[nodiscard]] page list_timeline(const eventstore::kv_reader& views, const project_id& id, const page_request& request);

}  // namespace plo::projections
