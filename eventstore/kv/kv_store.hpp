// The ordered key-value store under the log and the read models: families of keys, atomic batches, ordered scans.
//
// Two implementations: memory (tests) and RocksDB. The log (log.hpp) and the projections
// are written once on top of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace rocksdb {
class Env;
}

namespace plo::eventstore {

/// The store cannot be used: it is held by another process, damaged, of another format, or the disk refuses.
class store_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// What was stored does not read as it was written.
class store_damaged : public store_error {
public:
  using store_error::store_error;
};

/// Whether a store takes writes.
struct write_state {
  enum class kind : std::uint8_t {
    open,
    full,    // no room: refused now, and taken again by itself once there is some
    failed,  // a write or fsync failed, or what is there is damaged: refused until the store is opened anew
  };
  kind is = kind::open;
  std::string reason;  // what the system said, when it is not open
};

/// A column family: its place in the layout the store was opened with.
using family = std::uint8_t;

/// How one family is kept.
struct family_layout {
  std::string name;
  bool point_lookups = false;            // most look-ups ask for keys that do not exist: keep Bloom filters
  std::size_t write_buffer = 16u << 20;  // bytes
};

struct store_layout {
  std::vector<family_layout> families;
  /// True: every write is fsynced. False, for what can be rebuilt: no write-ahead log at all. A crash then loses the latest writes,
  /// always a whole tail of them over all families; closing in order loses nothing.
  bool durable = true;
};

/// Changes that become visible and durable together.
struct kv_batch {
  struct change {
    family where;
    std::string key;
    std::optional<std::string> value;  // empty: the key is removed
  };
  std::vector<change> changes;

  void put(family where, std::string key, std::string value) {
    changes.push_back({where, std::move(key), std::move(value)});
  }
  void remove(family where, std::string key) { changes.push_back({where, std::move(key), std::nullopt}); }
};

/// All calls may come from any thread and throw store_error when the store fails.
class kv_reader {
public:
  virtual ~kv_reader() = default;

  [[nodiscard]] virtual std::optional<std::string> get(family where, std::string_view key) const = 0;

  /// Calls `visit` for the keys of [from, until) in order, until it returns false. An empty `until` is the end of the family.
  using visitor = std::function<bool(std::string_view key, std::string_view value)>;
  virtual void scan(family where, std::string_view from, std::string_view until, const visitor& visit) const = 0;
  /// The same keys from the last to the first.
  virtual void scan_back(family where, std::string_view from, std::string_view until, const visitor& visit) const = 0;
};

class kv_store : public virtual kv_reader {
public:
  /// Writes all changes or none; a durable store returns once they are synced. One writer at a time.
  virtual void write(const kv_batch& batch) = 0;

  /// Rewrites the files of these families, so that what was removed from them or replaced is nowhere on disk any more. Takes as long
  /// as it takes; reading and writing go on.
  virtual void purge(const std::vector<family>& families) = 0;

  /// Deletes families with all that is in them, once everything written before is on disk. Nobody may be reading them, nor do so later;
  /// `purge` and `drop` come one after another.
  virtual void drop(const std::vector<family>& families) = 0;

  /// Whether `write` is taken, as far as is known. The store notices by itself when that changes, also while nobody writes.
  [[nodiscard]] virtual write_state writing() const { return {}; }

  /// Reads all files whole and compares them with the checksums noted when they were written. Throws store_error naming the file.
  virtual void verify_files() const {}

  /// The store as it is now, for as long as the snapshot lives. It must not outlive the store.
  [[nodiscard]] virtual std::unique_ptr<const kv_reader> snapshot() const = 0;
};

[[nodiscard]] std::unique_ptr<kv_store> make_memory_store(const store_layout& layout);

enum class open_mode : std::uint8_t {
  read_write,
  read_only,  // the store as it is now, also beside the process that writes it; nothing of it is changed, and `write` throws
};

/// How many tables a RocksDB store keeps open: a part of the files that this process may have, so that connections cannot take them all.
[[nodiscard]] std::size_t files_per_store();

/// The names of the families that the store at `dir` has; none when there is no store. Throws store_error when it cannot be read.
[[nodiscard]] std::vector<std::string> families_at(const std::filesystem::path& dir);

/// Opens the RocksDB at `dir`, to write: or creates it, and in it the families of the layout that it does not have. One that it has must
/// be in the layout. A torn last record (a write that was never acknowledged) is dropped; any other
/// damage throws store_error, as does a second writer on the same directory. Read only, a family that the store does not have is empty.
/// A store that is not durable and was found damaged while in use does not open again: it is to be deleted and rebuilt.
/// `env`, for tests that put faults in its way, must outlive the store; null: the system.
[[nodiscard]] std::unique_ptr<kv_store> open_rocksdb_store(const std::filesystem::path& dir, const store_layout& layout,
                                                           open_mode mode = open_mode::read_write, rocksdb::Env* env = nullptr);

}  // namespace plo::eventstore
