// The read models: folds of the whole log, kept as rows, each rebuilt when it is missing or has changed.
//
// Each read model is a projection with a name, a schema version and its own rows; the rows, and how far each projection is folded, are
// written in one batch, so that a crash repeats nothing and misses nothing. One that has to be built anew is folded from the beginning
// beside the others, into rows of another name, and takes the place of the old one when it has caught up (docs/adr/0017).
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "domain/event/event.hpp"
#include "eventstore/log.hpp"
#include "projections/core/view_arrangement.hpp"

namespace plo::projections {

/// Read models that are being built beside those that follow the log.
struct views_in_building {
  std::vector<std::string> names;  // none: nothing is being built
  position at;                     // as far as they are
};

/// All read models over one store. `apply` and `build` come from one thread; reading from any.
class read_models {
public:
  using store_maker = std::function<std::unique_ptr<eventstore::kv_store>(const eventstore::store_layout&)>;

  /// Opens `data_dir`/views. Views that cannot be opened, or are ahead of the log, are deleted and rebuilt.
  [[nodiscard]] static std::unique_ptr<read_models> open(const std::filesystem::path& data_dir, const eventstore::log& log, const view_plan& plan);
  [[nodiscard]] static std::unique_ptr<read_models> in_memory(const eventstore::log& log, const view_plan& plan);
  /// Over a new store.
  [[nodiscard]] static std::unique_ptr<read_models> over(const store_maker& make, const eventstore::log& log, const view_plan& plan);

  /// The position up to which all events are folded by those that follow the log.
  /// Any thread may call.
  [[nodiscard]] position checkpoint() const { return {checkpoint_.load()}; }
  /// How many events were folded since the views were made; equal to the checkpoint, or an event was omitted.
  [[nodiscard]] std::uint64_t events_folded() const { return live_->progress().folded; }
  /// Projections that stand still. Any thread may call.
  [[nodiscard]] std::vector<parked_projection> parked() const;
  /// Rewrites the files, so that what was erased is nowhere on disk any more. Any thread may call.
  void purge();

  /// Folds events that follow the checkpoint without a gap and end with a whole commit.
  void apply(event_pointers events);
  void apply(const std::vector<recorded_event>& events);

  /// Reads the next whole commits from the log, about `most` events. Empty when there is nothing new.
  [[nodiscard]] std::vector<recorded_event> read_next(std::size_t most) const;

  /// Folds about `most` more events for those that are being built, up to the checkpoint. There they take the place of the old ones. False
  /// when nothing is being built any more.
  bool build(std::size_t most);
  /// Any thread may call.
  [[nodiscard]] views_in_building building() const;
  /// Whether any of those that are being built is one that actors act on.
  [[nodiscard]] bool builds_what_is_acted_on() const { return building_ && building_->is_acted_on(); }

  /// The views as they are at each call; `snapshot` holds them still. Not kept for long: what it reads from cannot be deleted meanwhile.
  [[nodiscard]] std::unique_ptr<row_reader> reader() const;
  [[nodiscard]] std::unique_ptr<row_reader> snapshot() const;
  /// Rows and indexes of one position, for lists. A read model that does not hold `at_least` is not read.
  [[nodiscard]] reading read(position at_least = {}) const;
  /// The store underneath, for what concerns its files.
  [[nodiscard]] const eventstore::kv_store& store() const { return *store_; }

private:
  read_models(std::unique_ptr<eventstore::kv_store> store, const eventstore::log& log, const view_plan& plan, view_arrangement arranged);
  [[nodiscard]] std::shared_ptr<const row_places> places() const;
  [[nodiscard]] std::vector<recorded_event> read_next(position checkpoint, position last, std::size_t most) const;
  void take_over();
  void drop_retired();
  void tell();

  /// Families whose rows nobody finds any more; they go when the last reader who found them has ended.
  struct retired_families {
    std::weak_ptr<const row_places> readers;
    std::vector<eventstore::family> families;
  };

  std::unique_ptr<eventstore::kv_store> store_;
  const eventstore::log& log_;
  view_plan plan_;
  std::vector<eventstore::family> families_;
  std::unique_ptr<view_set> live_, building_;
  std::atomic<std::uint64_t> checkpoint_{0};
  std::vector<retired_families> retired_;
  std::mutex files_;  // families go, or are rewritten
  mutable index_gate gate_;
  mutable std::mutex guard_;  // of what follows
  std::shared_ptr<const row_places> places_;
  std::vector<parked_projection> parked_;
  views_in_building told_building_;
};

/// The position that rows were read as of.
[[nodiscard]] position checkpoint_of(const row_reader& views);

}  // namespace plo::projections
