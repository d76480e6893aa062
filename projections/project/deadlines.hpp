// When each project must be woken next, so that a restart arms the scheduler without replaying every project; and how far the event
// clock had come.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "projections/core/projection.hpp"
#include "projections/project/legs.hpp"

namespace plo::projections {

/// Needs the log for the rules as they were at the checkpoint that it goes on from.
[[nodiscard]] std::unique_ptr<projection> make_deadlines(const project_fold& projects, const eventstore::log& log, domain_settings settings, position checkpoint);

void each_deadline(const row_reader& views, const std::function<void(const project_id&, instant due)>& visit);

/// Projects with ids behind `after`, in order.
[[nodiscard]] std::vector<project_id> projects_after(const row_reader& views, const project_id& after, std::size_t most);

/// The largest `occurred_at` that any source has told; the start of time when none has.
[[nodiscard]] instant latest_occurrence(const row_reader& views);

}  // namespace plo::projections
