// Which version of each index a log's store has, and folding anew what it lacks.
#pragma once

#include <functional>
#include <span>

#include "eventstore/index/log_index.hpp"

namespace plo::eventstore {

/// The version of an index that the store has; 1 where it does not say.
[[nodiscard]] std::uint32_t stored_version(const kv_reader& store, const log_index& index);
/// Notes that the store has the present version.
void put_version(const log_index& index, kv_batch& batch);

/// Calls its argument for every event of the log in order.
using each_event = std::function<void(const std::function<void(const recorded_event&)>&)>;

/// Removes the rows of the indexes and folds them from the events, in batches; a crash in between begins again at the next start.
void fold_anew(kv_store& store, std::span<const log_index* const> indexes, const each_event& events);

}  // namespace plo::eventstore
