// The projects' states as the projections need them: folded from the log, kept for the most recently touched.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "domain/project/project.hpp"
#include "domain/risk/legs.hpp"
#include "eventstore/log.hpp"
#include "projections/core/projection.hpp"

namespace plo::projections {

/// A project that a step touched, as it is afterwards.
struct touched_project {
  const project_state* state;
  position last;  // of its last event in this step
  std::vector<anomaly> anomalies;  // those that the step changed, each as it was after the last event about it
  std::optional<double> risk;      // of a promise that will be broken, 0 to 1; empty: not judged
  instant latest = instant::min();  // occurrence of any of its events
  std::vector<std::pair<position, std::string>> stores;  // where this step changed its store, in log order
};

/// A leg of a delivery that ended, and the event that showed it.
struct taught_leg {
  position at;
  risk::leg_observation leg;
};

class project_states {
public:
  project_states(const eventstore::log& log, domain_settings settings, std::size_t max_kept)
      : log_(log), settings_(std::move(settings)), max_kept_(max_kept) {}

  /// Folds the events and returns the projects they touched, each once, in the order of first mention. The states stay valid until
  /// the next call. A project whose customer was erased is folded anew from what is left of its stream, and counts as touched with all of
  /// its anomalies.
  [[nodiscard]] std::vector<touched_project> apply(event_pointers events);
  /// The legs that ended in the last step, in log order.
  [[nodiscard]] const std::vector<taught_leg>& taught() const { return taught_; }

private:
  struct entry {
    project_state state;
    stream_version version;
    instant latest = instant::min();
    std::list<project_id>::iterator place;
  };
  entry& load(const project_id& id, const recorded_event& next);
  /// Reads the project's stream as long as `wanted` says (without it, not at all) and keeps what it comes to; `folded` sees each event behind its fold.
  entry& read(const project_id& id, const std::function<bool(const recorded_event&)>& wanted,
              const std::function<void(const recorded_event&, const project_state&)>& folded = {});
  void fold(entry& project, const recorded_event& e);
  void fold_anew(const project_id& id, position up_to, touched_project& touched);
  void forget(const project_id& id);
  void forget_oldest();

  const eventstore::log& log_;
  domain_settings settings_;
  std::size_t max_kept_;
  std::unordered_map<project_id, std::unique_ptr<entry>> entries_;
  std::list<project_id> recent_;
  std::vector<taught_leg> taught_;
};

}  // namespace plo::projections
