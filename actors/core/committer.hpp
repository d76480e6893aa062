// The one writer of the log.
//
// It is a detached actor, because it blocks in fsync. Appends that arrive while one group is being written form the next group: the
// first of a round sends the committer a `flush`, which comes round behind everything that has queued meanwhile. No timer.
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "actors/core/commit_feed.hpp"
#include "actors/core/messages.hpp"
#include "actors/core/metrics.hpp"

namespace plo::actors {

struct committer_state {
  static inline const char* name = "committer";
  std::vector<append_job> waiting;
  std::uint64_t untold_refusals = 0;
  std::chrono::steady_clock::time_point refusal_told_at{};
};

/// `on_grown` is called after every group, with the feed filled, when the projections must be woken.
caf::behavior committer(caf::stateful_actor<committer_state>* self, eventstore::log* log, commit_feed* feed,
                        engine_metrics* metrics, std::function<void()> on_grown);

}  // namespace plo::actors
