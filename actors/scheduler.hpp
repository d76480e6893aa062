// Wakes projects when their deadlines pass. On the wall clock it sleeps until the earliest one; on the event clock it looks whenever
// the clock has moved.
#pragma once

#include "actors/clock.hpp"
#include "actors/deadline_queue.hpp"
#include "actors/messages.hpp"

namespace plo::actors {

struct scheduler_state {
  static inline const char* name = "scheduler";
  deadline_queue deadlines;
  std::optional<instant> alarm;  // the tick that is on its way
};

caf::behavior scheduler(caf::stateful_actor<scheduler_state>* self, project_clock* clock, caf::actor directory);

}  // namespace plo::actors
