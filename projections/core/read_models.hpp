// The read models: folds of the whole log, kept as rows, rebuilt whenever they are missing.
//
// Each read model is a projection with a name, a schema version and its own rows; rows and the checkpoint (the position up to which
// the log is folded) are written in one batch, so that a crash repeats nothing and misses nothing.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "domain/event/event.hpp"
#include "eventstore/kv/kv_store.hpp"
#include "eventstore/log.hpp"
#include "projections/core/list_indexes.hpp"
#include "projections/core/projection.hpp"

namespace plo::projections {

namespace families {
inline constexpr eventstore::family meta = 0;  // checkpoint, schema, what is parked
}

/// A projection that could not fold an event. It is left where it stood, the others go on; the next start builds the read models anew.
struct parked_projection {
  std::string name;
  position at;         // of the input whose commit it could not fold
  std::string reason;  // what it threw
  bool operator==(const parked_projection&) const = default;
};

/// A running digest of the events folded: BLAKE2b-256(digest so far ‖ position ‖ event id). Equal digests mean that the same events
/// were folded, none omitted and none twice.
using fold_digest = std::array<std::uint8_t, 32>;
[[nodiscard]] fold_digest extend(const fold_digest& digest, const recorded_event& e);

/// What read models say about themselves.
struct views_status {
  position checkpoint;
  std::uint64_t folded = 0;  // events since the views were made; equal to the checkpoint, or one was omitted
  fold_digest digest{};
  std::vector<parked_projection> parked;
};
[[nodiscard]] views_status read_views_status(const eventstore::kv_reader& views);

/// All read models over one store. `apply` comes from one thread; snapshots from any.
class read_models {
public:
  read_models(std::unique_ptr<eventstore::kv_store> store, const eventstore::log& log, const view_plan& plan);

  /// Opens `data_dir`/views. Views that cannot be opened, are ahead of the log or have another schema are deleted and rebuilt.
  [[nodiscard]] static std::unique_ptr<read_models> open(const std::filesystem::path& data_dir, const eventstore::log& log, const view_plan& plan);
  [[nodiscard]] static std::unique_ptr<read_models> in_memory(const eventstore::log& log, const view_plan& plan);

  /// The position up to which all events are folded.
  [[nodiscard]] position checkpoint() const { return status_.checkpoint; }
  /// How many events were folded since the views were made; equal to the checkpoint, or an event was omitted.
  [[nodiscard]] std::uint64_t events_folded() const { return status_.folded; }
  /// Projections that stand still. Any thread may call.
  [[nodiscard]] std::vector<parked_projection> parked() const;
  /// Rewrites the files, so that what was erased is nowhere on disk any more.
  void purge();

  /// Folds events that follow the checkpoint without a gap and end with a whole commit.
  void apply(event_pointers events);
  void apply(const std::vector<recorded_event>& events);

  /// Reads the next whole commits from the log, about `most` events. Empty when there is nothing new.
  [[nodiscard]] std::vector<recorded_event> read_next(std::size_t most) const;

  /// The views as they are at each call; `snapshot` holds them still.
  [[nodiscard]] const eventstore::kv_reader* reader() const { return store_.get(); }
  [[nodiscard]] std::unique_ptr<const eventstore::kv_reader> snapshot() const { return store_->snapshot(); }
  /// Rows and indexes of one position, for lists.
  [[nodiscard]] reading read() const;
  /// The store underneath, for what concerns its files.
  [[nodiscard]] const eventstore::kv_store& store() const { return *store_; }

private:
  [[nodiscard]] bool is_parked(std::string_view name) const;
  void park(projection& failed, event_pointers events, const std::string& reason);
  template <class Visit>
  void each(Visit visit) const;  // of the projections, each module's shared one first

  std::unique_ptr<eventstore::kv_store> store_;
  const eventstore::log& log_;
  std::size_t families_;
  list_indexes indexes_;
  mutable index_gate gate_;
  std::vector<view_module> modules_;
  mutable std::mutex guard_;  // of what is parked
  views_status status_;
};

/// The checkpoint a snapshot was taken at.
[[nodiscard]] position checkpoint_of(const eventstore::kv_reader& views);

}  // namespace plo::projections
