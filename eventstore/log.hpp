// The append-only log: every fact PLO knows, in commit order. What finds an event by something else than its place is an index
// (eventstore/index): a fold of the log, kept in its store.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "domain/event/event.hpp"
#include "domain/event/ids.hpp"
#include "eventstore/kv/kv_store.hpp"
#include "eventstore/record/archive.hpp"
#include "eventstore/record/record_codec.hpp"
#include "eventstore/record/vault.hpp"

namespace plo::eventstore {

/// Events for one stream, in order.
struct stream_append {
  stream_id stream;
  std::optional<stream_version> expected;  // version before the append; empty: whatever it is
  std::vector<event> events;
};

/// What a decision relied on beyond its own stream, the rules for one: a stream, and the version that was read of it.
struct read_fence {
  stream_id stream;
  stream_version version;
};

/// An event whose record is in an archive segment.
struct archived_event {
  position pos;
  archived_place place;
};

/// All of it is stored or none of it.
struct append_request {
  std::vector<stream_append> appends;
  std::vector<read_fence> fences;
  std::string subject;                       // whose personal data is in the events (vault.hpp); none: it is not encrypted
  std::vector<std::string> erased_subjects;  // whose keys are destroyed
  std::vector<archived_event> archived;      // which from now on are in a segment
};

enum class append_error {
  version_conflict,  // the stream was written by somebody else
  stale_read,        // what was read has changed: decide again
  unreadable,        // one of its events could not be read back
};

/// What one request became: its events with their places, in order.
using append_outcome = tl::expected<std::vector<recorded_event>, append_error>;

struct log_head {
  position last;
  chain_hash hash = genesis_hash;
};

/// Thread-safe for reading; one writer at a time. Reads throw store_error when the store fails.
class log {
public:
  virtual ~log() = default;

  /// Stores a group of requests with one fsync, in order, and answers for each. A request whose expected version does not hold, or that
  /// has an event which could not be read back, is refused alone. When the store fails nothing of the group is stored and store_error is thrown.
  [[nodiscard]] virtual std::vector<append_outcome> append(std::vector<append_request> group) = 0;

  [[nodiscard]] virtual log_head head() const = 0;

  /// The store underneath, for what concerns its files: whether it takes writes, backups, checks.
  [[nodiscard]] virtual const kv_store& store() const = 0;

  /// Calls `visit` for events from a position on, in order, until it returns false or the head is reached.
  using visitor = std::function<bool(const recorded_event&)>;
  virtual void read(position from, const visitor& visit) const = 0;
  /// The event at a position.
  [[nodiscard]] virtual std::optional<recorded_event> at(position pos) const = 0;
  /// The events of one stream from a version on.
  virtual void read_stream(const stream_id& stream, stream_version from, const visitor& visit) const = 0;
  [[nodiscard]] virtual stream_version version_of(const stream_id& stream) const = 0;
  /// Calls `visit` for the streams behind a name, in the order of their names, until it returns false.
  virtual void each_stream(std::string_view after, const std::function<bool(const stream_id&)>& visit) const = 0;
  /// The stored value of an event, hash and record, from wherever it is kept; empty when there is no such position.
  [[nodiscard]] virtual std::optional<std::string> stored_at(position pos) const = 0;
  /// Whether the event's record is in an archive segment.
  [[nodiscard]] virtual bool is_archived(position pos) const = 0;
  /// The fields that are encrypted in stored events.
  [[nodiscard]] virtual const personal_fields& personal() const = 0;
  /// Whether a key for the subject's personal data is there.
  [[nodiscard]] virtual bool has_key(const std::string& subject) const = 0;
  /// Rewrites the files that keys are in, so that a destroyed one is nowhere on disk any more.
  virtual void purge_keys() = 0;
};

struct log_options {
  open_mode mode = open_mode::read_write;
  privacy_options privacy = {};
  rocksdb::Env* env = nullptr;  // as for open_rocksdb_store
};

/// Opens the log of a data directory, at `data_dir`/log, with archive segments at `data_dir`/archive. To write, it checks that positions
/// run 1, 2, 3 … to the recorded head and that the last hash follows, and folds indexes anew that the store lacks; read only, it trusts what is there (log_check.hpp proves it). Throws
/// store_error saying what is wrong.
[[nodiscard]] std::unique_ptr<log> open_rocksdb_log(const std::filesystem::path& data_dir, log_options options = {});

/// A log that lives in memory, for tests; its archive, if it ever has one, is at `archive_dir`.
[[nodiscard]] std::unique_ptr<log> make_memory_log(privacy_options privacy = {}, const std::filesystem::path& archive_dir = {});

/// The store under the log of a data directory, for whoever proves it.
[[nodiscard]] std::unique_ptr<kv_store> open_log_store(const std::filesystem::path& data_dir, open_mode mode, rocksdb::Env* env = nullptr);

}  // namespace plo::eventstore
