// Which clock ran at each place of the log: a fold of the `clock` stream.
#pragma once

#include <utility>
#include <vector>

#include "eventstore/log.hpp"

namespace plo::projections {

class clock_history {
public:
  /// `wall_at_first`: what ran before the log says; a log begins on the wall clock.
  explicit clock_history(bool wall_at_first = true) : first_(wall_at_first) {}
  explicit clock_history(const eventstore::log& log);

  /// Takes up an event of the stream; others change nothing. Call in log order.
  void evolve(const recorded_event& e);
  /// Whether deadlines ran on real time for what was recorded at a position; else on the events' own time.
  [[nodiscard]] bool wall_at(position pos) const;

private:
  bool first_ = true;
  std::vector<std::pair<position, bool>> set_;
};

}  // namespace plo::projections
