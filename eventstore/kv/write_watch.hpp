// Notices when RocksDB stops taking writes, and has it go on when there is room again.
//
// A disk that is full is a passing thing, and so is a process that has no file left to open: what RocksDB could not write it still holds in memory, so every second it is asked to resume,
// which means that it writes all of that to files of their own and gives up the write-ahead log whose end nobody can vouch for. Any
// other failure is final, above all a failed fsync: after it the system may have dropped the very pages that were to be written, and
// would report success the next time (https://danluu.com/fsyncgate/). Only reading the files anew, at the next start, tells what is there.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include <rocksdb/db.h>
#include <rocksdb/listener.h>

#include "eventstore/kv/kv_store.hpp"

namespace plo::eventstore {

class write_watch final : public rocksdb::EventListener {
public:
  /// `place` is what the messages call the store.
  explicit write_watch(std::string place) : place_(std::move(place)) {}
  ~write_watch() override { stop(); }

  /// From now on the database is asked to resume when it has to be.
  void start(rocksdb::DB* db);
  /// To be called before the database is closed.
  void stop();

  /// What a write failed with.
  void write_failed(const rocksdb::Status& status);
  /// What is there does not read as it was written. `gives_up`: the store takes no more writes.
  void found_damage(const std::string& what, bool gives_up);

  [[nodiscard]] write_state state() const;
  /// As `state().is`, without the words.
  [[nodiscard]] bool takes_writes() const;

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;
  /// True once for every memtable of the default family that is not known to hold anything, see rocksdb_store.cpp.
  [[nodiscard]] bool wants_mark() { return wants_mark_.exchange(false); }

  void OnMemTableSealed(const rocksdb::MemTableInfo& info) override;
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status error, bool* auto_recovery) override;

private:
  void change(write_state::kind to, const std::string& reason);
  void run();
  [[nodiscard]] std::uint64_t log_number() const;

  const std::string place_;
  mutable std::mutex guard_;
  std::condition_variable changed_;
  write_state state_;
  bool must_resume_ = false;        // RocksDB waits to be resumed; also when only its compactions stopped
  std::uint64_t failures_ = 0;      // so that one during a resumption is not taken for resolved
  bool log_failed_ = false;         // the write-ahead log in use is not to be written to again
  std::atomic<bool> wants_mark_{true};
  bool stopping_ = false;
  std::chrono::steady_clock::time_point since_{};
  rocksdb::DB* db_ = nullptr;
  std::thread thread_;
};

}  // namespace plo::eventstore
