#include "actors/scheduler.hpp"

namespace plo::actors {

namespace {

/// A timer is never set further ahead than this, so that a step of the wall clock is noticed.
constexpr std::chrono::seconds longest_sleep{30};

void fire_due(caf::stateful_actor<scheduler_state>* self, project_clock& clock, const caf::actor& directory) {
  auto& state = self->state;
  const auto now = clock.now();
  while (const auto due = state.deadlines.pop_due(now))
    self->send(directory, deadline_due{due->second, due->first});
  const auto next = state.deadlines.next();
  if (!next || clock.running() == project_clock::mode::event) return;
  const auto wake = std::min(*next, now + longest_sleep);
  if (state.alarm && *state.alarm > now && *state.alarm <= wake) return;
  state.alarm = wake;
  self->delayed_send(self, wake - now, clock_tick{});
}

}  // namespace

caf::behavior scheduler(caf::stateful_actor<scheduler_state>* self, project_clock* clock, caf::actor directory) {
  return {
      [=](const deadline_armed& armed) {
        self->state.deadlines.arm(armed.project, armed.due);
        fire_due(self, *clock, directory);
      },
      [=](clock_tick) {
        self->state.alarm.reset();
        fire_due(self, *clock, directory);
      },
  };
}

}  // namespace plo::actors
