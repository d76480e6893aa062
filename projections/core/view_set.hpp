// Projections that are folded together, from one position: those that follow the log, or those that are being built beside them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "eventstore/log.hpp"
#include "projections/core/view_records.hpp"

namespace plo::projections {

/// A projection of the set, and where its rows are.
struct set_view {
  view_record record;
  eventstore::family where = 0;
  bool follows = true;  // false: it stands still where its record says, and is only read
};

class view_set {
public:
  /// Makes the projections of the plan and loads them from their rows. Those that are not among `views` have no rows and fold nothing.
  /// Everything outlives the set.
  view_set(std::vector<set_view> views, fold_progress progress, const view_plan& plan, const eventstore::log& log, const eventstore::kv_store& store);

  [[nodiscard]] const fold_progress& progress() const { return progress_; }
  [[nodiscard]] position checkpoint() const { return progress_.checkpoint; }
  [[nodiscard]] const std::map<std::string, set_view, std::less<>>& views() const { return views_; }
  [[nodiscard]] const std::shared_ptr<const row_places>& places() const { return places_; }
  [[nodiscard]] const list_indexes& indexes() const { return indexes_; }
  [[nodiscard]] bool follows(std::string_view view) const;
  /// Whether actors act on any of them.
  [[nodiscard]] bool is_acted_on() const;

  /// Adds what a step changes, rows and records, to a batch. The events follow the checkpoint without a gap and end with a
  /// whole commit. Gives the progress that this makes.
  const fold_progress& fold(event_pointers events, eventstore::kv_batch& batch);
  /// The step is written: it counts.
  void publish();

private:
  void fold(projection& p, event_pointers events, const row_reader& views, eventstore::kv_batch& batch);
  void park(projection& failed, event_pointers events, const row_reader& views, const std::string& reason);

  const eventstore::kv_store& store_;
  std::map<std::string, set_view, std::less<>> views_;
  fold_progress progress_, next_;  // written; with the step that is not written yet
  std::shared_ptr<const row_places> places_;
  list_indexes indexes_;
  std::vector<view_module> modules_;
};

}  // namespace plo::projections
