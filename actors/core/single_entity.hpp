// What the aggregates have in common of which there is only one: the rules, the accounts.
#pragma once

#include "actors/core/clock.hpp"
#include "eventstore/log.hpp"

namespace plo::actors {

/// An event as of now by real time, with an id; type, data and author are missing.
[[nodiscard]] inline event event_now(event_kind kind) {
  event e;
  e.recorded_at = e.occurred_at = project_clock::wall_now();
  e.id = {make_uuid_v7(e.recorded_at.time_since_epoch().count())};
  e.kind = kind;
  return e;
}

/// Where a command's events stand in its append.
struct appended_span {
  std::uint64_t offset = 0;
  std::uint64_t events = 0;

  /// The position of its last event, `first` being that of the append; where nothing had to change, what stands already.
  [[nodiscard]] position last_position(position first) const {
    const auto upto = offset + events;
    return {upto == 0 ? first.value : first.value + upto - 1};
  }
};

/// A fold of one stream, as it stands at the head of the log.
template <class State>
[[nodiscard]] State fold_stream(const eventstore::log& log, const stream_id& stream) {
  State state;
  log.read_stream(stream, {1}, [&](const recorded_event& e) {
    state.evolve(e);
    return true;
  });
  return state;
}

}  // namespace plo::actors
