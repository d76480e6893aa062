// The outbox: sends what was requested, at least once, and records what became of it.
//
// What waits is rows of the read model, taken in order behind a place that only moves forward, a bounded number at a time: each
// pending notification is taken once in the life of a process, however often the views are looked at. What became of it goes to the
// log as an event of the outbox stream, with at most one append under way, so that whatever gathers meanwhile goes together.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include "actors/outbox/messages.hpp"
#include "actors/outbox/metrics.hpp"
#include "projections/core/rows.hpp"

namespace plo::actors {

struct outbox_environment {
  const eventstore::log* log = nullptr;
  std::function<std::unique_ptr<const projections::row_reader>()> views;  // a snapshot
  const outbox_settings* settings = nullptr;
  std::function<caf::actor(const std::string& lane)> make_sender;
  std::function<milliseconds()> now;   // monotonic, from the start of the process
  std::function<instant()> wall_now;
  std::function<double()> random;      // [0, 1)
  outbox_metrics* metrics = nullptr;
};

class outbox_work;

struct outbox_state {
  static inline const char* name = "outbox";
  std::shared_ptr<outbox_work> work;
};

caf::behavior outbox(caf::stateful_actor<outbox_state>* self, outbox_environment environment);

}  // namespace plo::actors
