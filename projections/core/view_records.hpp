// What the views store keeps about its read models, in the family `meta`: how far each is folded, of which schema, and where its rows are.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "domain/event/event.hpp"
#include "eventstore/kv/kv_store.hpp"
#include "projections/core/projection.hpp"

namespace plo::projections {

/// The first family of a views store.
inline constexpr eventstore::family meta_family = 0;
inline constexpr std::string_view meta_name = "meta";

/// A running digest of the events folded: BLAKE2b-256(digest so far ‖ position ‖ event id). Equal digests mean that the same events
/// were folded, none omitted and none twice.
using fold_digest = std::array<std::uint8_t, 32>;
[[nodiscard]] fold_digest extend(const fold_digest& digest, const recorded_event& e);

/// How far a fold has come.
struct fold_progress {
  position checkpoint;       // up to which the log is folded
  std::uint64_t folded = 0;  // events; equal to the checkpoint, or one was omitted
  fold_digest digest{};
  bool operator==(const fold_progress&) const = default;
};
[[nodiscard]] fold_progress extend(fold_progress progress, event_pointers events);

/// One read model's rows in the store. While it is built anew there are two: those that answer, and those that are being built.
struct view_record {
  std::string family;  // the name of theirs in the store
  std::string view;
  std::uint32_t schema = 0;
  bool is_building = false;
  fold_progress progress;
  position parked_at;          // of the input whose commit it could not fold; 0: it is not parked
  std::string parked_because;  // what it threw

  [[nodiscard]] bool is_parked() const { return parked_at.value > 0; }
};

void put_record(eventstore::kv_batch& batch, const view_record& record);
void remove_record(eventstore::kv_batch& batch, const std::string& family);
/// The progress of all read models that follow the log.
void put_progress(eventstore::kv_batch& batch, const fold_progress& progress);

/// A projection that could not fold an event. It is left where it stood, the others go on; the next start builds it anew.
struct parked_projection {
  std::string name;
  position at;         // of the input whose commit it could not fold
  std::string reason;  // what it threw
  bool operator==(const parked_projection&) const = default;
};

/// What the read models of a store say about themselves: those that follow the log, and each.
struct views_status : fold_progress {
  std::vector<view_record> views;

  [[nodiscard]] std::vector<parked_projection> parked() const;
};
[[nodiscard]] views_status read_views_status(const eventstore::kv_reader& store);
/// That of those that follow the log alone.
[[nodiscard]] fold_progress read_views_progress(const eventstore::kv_reader& store);

}  // namespace plo::projections
