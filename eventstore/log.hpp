// The append-only log: every fact PLO knows, in commit order, with the indexes that find a project.
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
#include "domain/event/ingest_event.hpp"
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

/// A project's entry among the projects of its customer; what the customer step of the directory looks at.
struct customer_entry {
  std::string customer_id;
  project_id project;
  instant created_at{};
  bool open = false;
  bool operator==(const customer_entry&) const = default;
};

/// A text under which a source knows a project or a part of it.
struct known_reference {
  reference_kind kind = reference_kind::project;
  std::string source;
  project_id project;
  auto operator<=>(const known_reference&) const = default;
};

enum class dead_letter_status : std::uint8_t { waiting = 1, attached = 2, discarded = 3 };

/// A dead letter's place in the index. The letter itself is the event `dead_letter.added` at `added`.
struct dead_letter_entry {
  dead_letter_id id;
  std::string project_ref;
  dead_letter_status status = dead_letter_status::waiting;
  position added;
  bool operator==(const dead_letter_entry&) const = default;
};

/// An event whose record is in an archive segment.
struct archived_event {
  position pos;
  archived_place place;
};

/// All of it is stored or none of it.
struct append_request {
  std::vector<stream_append> appends;
  std::vector<reference> references;            // learnt about `project`
  std::optional<project_id> project;
  std::vector<customer_entry> customers;        // each replaces the project's entry under that customer
  std::string conflict_digest;                  // of the differing payload, when an `ingest.conflict` is among the events
  std::optional<stream_version> rules;          // the version of the `rules` stream that was decided with, where that matters
  std::vector<dead_letter_entry> dead_letters;  // `added` of a new one is filled in: the dead_letter.added of this request
  std::string subject;                          // whose personal data is in the events (vault.hpp); none: it is not encrypted
  std::vector<std::string> erased_subjects;     // whose keys are destroyed
  std::vector<archived_event> archived;         // which from now on are in a segment
};

enum class append_error {
  version_conflict,  // the stream was written by somebody else
  stale_rules,       // the rules have changed: decide again
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

  /// Where a source's event was stored first: in a project's stream, or among the dead letters.
  [[nodiscard]] virtual std::optional<position> find_source_event(std::string_view source,
                                                                  std::string_view source_ref) const = 0;
  /// Whether this very conflict (same source event, same differing payload) is on record.
  [[nodiscard]] virtual bool knows_conflict(std::string_view source, std::string_view source_ref,
                                            std::string_view digest) const = 0;
  /// Everything that is known under a text: of which kind, to which source, and which project it means.
  [[nodiscard]] virtual std::vector<known_reference> find_references(std::string_view ref) const = 0;
  [[nodiscard]] virtual std::vector<customer_entry> customer_projects(std::string_view customer_id) const = 0;
  /// Waiting dead letters that name a project_ref and came behind a position, in order of arrival, at most `most` of them.
  [[nodiscard]] virtual std::vector<dead_letter_entry> waiting_dead_letters(std::string_view project_ref, position after, std::size_t most) const = 0;
  /// Calls `visit` with the project_ref of every waiting dead letter.
  virtual void each_waiting_reference(const std::function<void(std::string_view project_ref)>& visit) const = 0;
  [[nodiscard]] virtual std::optional<dead_letter_entry> find_dead_letter(const dead_letter_id& id) const = 0;
};

/// The type of the event that keeps a source's contradiction: stored once for each differing payload.
inline constexpr std::string_view conflict_type = "ingest.conflict";

struct log_options {
  open_mode mode = open_mode::read_write;
  privacy_options privacy = {};
  rocksdb::Env* env = nullptr;  // as for open_rocksdb_store
};

/// Opens the log of a data directory, at `data_dir`/log, with archive segments at `data_dir`/archive. To write, it checks that positions
/// run 1, 2, 3 … to the recorded head and that the last hash follows; read only, it trusts what is there (log_check.hpp proves it). Throws
/// store_error saying what is wrong.
[[nodiscard]] std::unique_ptr<log> open_rocksdb_log(const std::filesystem::path& data_dir, log_options options = {});

/// A log that lives in memory, for tests; its archive, if it ever has one, is at `archive_dir`.
[[nodiscard]] std::unique_ptr<log> make_memory_log(privacy_options privacy = {}, const std::filesystem::path& archive_dir = {});

/// The store under the log of a data directory, for whoever proves it.
[[nodiscard]] std::unique_ptr<kv_store> open_log_store(const std::filesystem::path& data_dir, open_mode mode, rocksdb::Env* env = nullptr);

}  // namespace plo::eventstore
