// Backups of a data directory, and the way back.
//
// TO/log is RocksDB's own backup directory: each backup adds the files that are new since the one before. TO/archive are the archive
// segments, which never change once written; TO/files are the small files of the data directory (keys, secrets). TO/backup.json says what
// the backups hold, and is written last: a backup that is not in there does not exist.
//
// A backup is made in two steps. Taking it needs the store and is the server's, while it runs; finishing it needs the files alone: it
// proves what was written and adds the rest. The read models are not part of it: they are rebuilt.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eventstore/kv/kv_store.hpp"
#include "eventstore/log.hpp"

namespace plo::eventstore {

/// Called now and then: what is being done, how far it is, and how far it goes (0: not known), in bytes or events.
using backup_progress = std::function<void(std::string_view doing, std::uint64_t done, std::uint64_t total)>;

/// Adds what the store of a log holds now to the backups at `to`/log, beside whatever writes to it; gives the number of the backup. What is
/// acknowledged before the call is in it. Throws store_error, also when `stop` becomes true on the way.
[[nodiscard]] std::uint32_t take_backup(const kv_store& store, const std::filesystem::path& to, const backup_progress& progress,
                                        const std::atomic<bool>& stop);

/// Keeps others from the backups at a directory, which is made if need be. Throws store_error while somebody else has it.
class backup_lock {
public:
  explicit backup_lock(const std::filesystem::path& to);
  ~backup_lock();
  backup_lock(const backup_lock&) = delete;
  backup_lock& operator=(const backup_lock&) = delete;

private:
  int file_ = -1;
};

/// One backup, as backup.json has it.
struct backup_entry {
  std::uint32_t id = 0;
  log_head head;
  std::string taken_at;  // UTC
  std::uint64_t bytes = 0;     // of its log, what it shares with others included
  std::uint64_t segments = 0;  // of the archive there were
};

struct backup_report {
  backup_entry made;
  std::uint64_t new_bytes = 0;  // on disk, for this backup
  std::size_t kept = 0;         // backups there are now
};

/// Proves backup `id` at `to`: every file has the checksum it was copied with, and every record follows the one before. Then adds the archive
/// segments that are new and the small files of `data_dir`, drops all but the last `keep` backups, and enters this one in backup.json.
/// Throws store_damaged when the copy is not what it should be, store_error when it cannot be written.
[[nodiscard]] backup_report finish_backup(const std::filesystem::path& data_dir, const std::filesystem::path& to, std::uint32_t id,
                                          unsigned keep, std::uint64_t bytes_before, const backup_progress& progress);

/// The size of the files under a directory; 0 when it is not there.
[[nodiscard]] std::uint64_t size_on_disk(const std::filesystem::path& dir);

/// The backups at a directory, the latest last. Throws store_error when there is none.
[[nodiscard]] std::vector<backup_entry> list_backups(const std::filesystem::path& from);

/// The target of a restoration holds something, or the backup is not there: the caller's mistake.
class bad_restore : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Restores a backup (none: the latest) to `data_dir`, which is empty or not there, and proves the result: the chain of the log up to the
/// head that backup.json has. Throws bad_restore, store_damaged when what was restored is not what was backed up (it is then not at
/// `data_dir`), store_error when it cannot be read or written.
[[nodiscard]] backup_entry restore_backup(const std::filesystem::path& from, const std::filesystem::path& data_dir,
                                          std::optional<std::uint32_t> id, const backup_progress& progress);

/// Follows the chain of a log from its first record to its head, archived records included, and decodes each. Throws store_damaged naming
/// the first position that is not as it should be.
[[nodiscard]] log_head read_chain(const kv_reader& store, const archive_reader& archive, const backup_progress& progress);

}  // namespace plo::eventstore
