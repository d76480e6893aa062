// Keeps the read models up with the log, and tells the stream and the outbox what they hold.
#pragma once

#include "actors/core/applied_gate.hpp"
#include "actors/core/commit_feed.hpp"
#include "actors/core/messages.hpp"
#include "projections/core/read_models.hpp"

namespace plo::actors {

struct projection_runner_state {
  static inline const char* name = "projection_runner";
  /// No aggregate: CAF would make one from the actor's pointer, which is a fine bool.
  projection_runner_state() = default;
  bool tries_again = false;   // a failed step is to be tried again, also when nothing is committed
  milliseconds pause{0};      // since the last one that failed
};

/// A detached actor: it writes to the views. What the feed has dropped is read from the log. `waits_for_built`, if any, is told when what was
/// built anew has taken over.
caf::behavior projection_runner(caf::stateful_actor<projection_runner_state>* self, projections::read_models* models,
                                commit_feed* feed, applied_gate* gate, std::vector<caf::actor> listeners,
                                caf::actor waits_for_built);

}  // namespace plo::actors
