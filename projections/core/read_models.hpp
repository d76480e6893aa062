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
#include "domain/project/project.hpp"
#include "eventstore/kv/kv_store.hpp"
#include "eventstore/log.hpp"
#include "projections/core/list_indexes.hpp"
#include "projections/project/legs.hpp"
#include "projections/project/project_states.hpp"

namespace plo::projections {

/// Column families of the views, one per projection and one for checkpoints.
namespace families {
inline constexpr eventstore::family meta = 0, projects = 1, deadlines = 2, anomalies = 3, notifications = 4, dead_letters = 5,
                                    search = 6, customers = 7, kpis = 8, legs = 9, stations = 10, idempotency = 11,
                                    audit = 12;
}

/// What a projection folds in one step: whole commits, and the projects they touched as they are afterwards.
struct projection_input {
  event_pointers events;
  std::span<const touched_project> projects;
};

class projection {
public:
  virtual ~projection() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual std::uint32_t schema_version() const = 0;
  [[nodiscard]] virtual eventstore::family rows() const = 0;
  /// Deterministic: the rows depend on the events alone. `views` is what was written before this step.
  virtual void apply(const projection_input& input, const eventstore::kv_reader& views, eventstore::kv_batch& batch) = 0;
  /// Fills what the projection keeps in memory from its rows, once, before the first step.
  virtual void load(const eventstore::kv_reader& /*views*/) {}
  /// Makes the step's changes of what is kept in memory visible, in one with its rows. What a step that was not written left
  /// behind, the next `apply` forgets.
  virtual void publish() {}
};

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
  /// `more` are folded beside PLO's own: for tests.
  read_models(std::unique_ptr<eventstore::kv_store> store, const eventstore::log& log, domain_settings settings,
              std::vector<std::unique_ptr<projection>> more = {});

  /// Opens `data_dir`/views. Views that cannot be opened, are ahead of the log or have another schema are deleted and rebuilt.
  [[nodiscard]] static std::unique_ptr<read_models> open(const std::filesystem::path& data_dir,
                                                         const eventstore::log& log, domain_settings settings);
  [[nodiscard]] static std::unique_ptr<read_models> in_memory(const eventstore::log& log, domain_settings settings,
                                                              std::vector<std::unique_ptr<projection>> more = {});

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
  void park(projection& failed, const projection_input& input, const std::string& reason);

  std::unique_ptr<eventstore::kv_store> store_;
  const eventstore::log& log_;
  project_states states_;
  list_indexes indexes_;
  mutable index_gate gate_;
  std::unique_ptr<learnt_legs> legs_;
  std::vector<std::unique_ptr<projection>> projections_;
  mutable std::mutex guard_;  // of what is parked
  views_status status_;
};

/// The names of the column families, each at its place.
[[nodiscard]] std::vector<std::string> view_families();
/// The store under the read models of a data directory, for whoever proves them. Throws store_error when there is none.
[[nodiscard]] std::unique_ptr<eventstore::kv_store> open_views_store(const std::filesystem::path& data_dir, eventstore::open_mode mode);

/// The checkpoint a snapshot was taken at.
[[nodiscard]] position checkpoint_of(const eventstore::kv_reader& views);

}  // namespace plo::projections
