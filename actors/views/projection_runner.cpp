#include "actors/views/projection_runner.hpp"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "actors/core/lifeline.hpp"

namespace plo::actors {

namespace {

/// Steps of this size keep a step's memory and the time to the next announcement small.
constexpr std::size_t events_per_step = 1000;

/// A step of what is built anew is as long as those that follow the log may have to wait for it.
constexpr std::size_t events_per_build_step = 2'000;

constexpr milliseconds first_pause{1'000};
constexpr milliseconds longest_pause{5'000};

class runner {
public:
  runner(caf::event_based_actor* self, projections::read_models* models, commit_feed* feed, applied_gate* gate,
         std::vector<caf::actor> listeners)
      : self_(self), models_(models), feed_(feed), gate_(gate), listeners_(std::move(listeners)) {}

  void catch_up() const {
    for (auto groups = feed_->take(events_per_step); !groups.empty(); groups = feed_->take(events_per_step)) {
      // A gap means that the feed overflowed: the log has what it dropped.
      while (models_->checkpoint().value + 1 < groups.front()->front().pos.value) step({read_next()});
      while (!groups.empty() && groups.front()->front().pos <= models_->checkpoint()) groups.pop_front();
      if (!groups.empty()) step(groups);
    }
    // Dropped groups at the end of the feed leave no trace in it.
    for (auto events = read_next(); !events->empty(); events = read_next()) step({std::move(events)});
  }

  /// False when nothing is being built any more.
  [[nodiscard]] bool build() const { return models_->build(events_per_build_step); }

private:
  [[nodiscard]] committed_events read_next() const {
    return std::make_shared<const std::vector<recorded_event>>(models_->read_next(events_per_step));
  }

  /// One write for all groups: a project that several of them touch is written once.
  void step(const std::deque<committed_events>& groups) const {
    std::vector<const recorded_event*> events;
    for (const auto& group : groups)
      for (const auto& e : *group) events.push_back(&e);
    if (events.empty()) throw eventstore::store_error("the log ends before the events it announced");
    models_->apply(events);
    gate_->advance(models_->checkpoint());
    for (const auto& group : groups)
      for (const auto& listener : listeners_) self_->send(listener, events_projected{group});
  }

  caf::event_based_actor* self_;
  projections::read_models* models_;
  commit_feed* feed_;
  applied_gate* gate_;
  std::vector<caf::actor> listeners_;
};

void follow(caf::stateful_actor<projection_runner_state>* self, const runner& run) {
  auto& state = self->state;
  try {
    run.catch_up();
    if (state.pause.count() > 0) spdlog::info("the read models follow the log again");
    state.pause = milliseconds(0);
  } catch (const std::exception& failure) {
    // The log is unharmed and the rows stand at the checkpoint.
    if (state.pause.count() == 0) spdlog::error("the read models cannot follow the log: {}", failure.what());
    state.pause = std::clamp(state.pause * 2, first_pause, longest_pause);
    state.tries_again = true;
    self->delayed_send(self, state.pause, follow_again{});
  }
}

/// One step, then what has come in meanwhile.
void build(caf::event_based_actor* self, const runner& run, const caf::actor& waits_for_built) try {
  if (run.build()) self->send(self, build_on{});
  else if (waits_for_built) self->send(waits_for_built, views_built{});
} catch (const std::exception& failure) {
  spdlog::error("the read models cannot be built anew: {}", failure.what());
  self->delayed_send(self, longest_pause, build_on{});
}

}  // namespace

caf::behavior projection_runner(caf::stateful_actor<projection_runner_state>* self, projections::read_models* models,
                                commit_feed* feed, applied_gate* gate, std::vector<caf::actor> listeners,
                                caf::actor waits_for_built) {
  die_of_exceptions(self);
  const runner run(self, models, feed, gate, std::move(listeners));
  return {
      [self, run](log_grown) {
        auto& state = self->state;
        if (state.tries_again) return;  // until then, commits change nothing
        follow(self, run);
      },
      [self, run](follow_again) {
        self->state.tries_again = false;
        follow(self, run);
      },
      [self, run, waits_for_built](build_on) { build(self, run, waits_for_built); },
  };
}

}  // namespace plo::actors
