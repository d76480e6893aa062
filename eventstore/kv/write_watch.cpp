#include "eventstore/kv/write_watch.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <spdlog/spdlog.h>

namespace plo::eventstore {

namespace {

constexpr std::chrono::seconds first_pause{1};
constexpr std::chrono::seconds longest_pause{10};  // while only compactions wait

/// What passes by itself: a disk that is full, and a process that has no file left to open.
bool is_passing(const rocksdb::Status& status) {
  return status.IsNoSpace() || (status.IsIOError() && status.ToString().find("Too many open files") != std::string::npos);
}

}  // namespace

void write_watch::start(rocksdb::DB* db) {
  const std::lock_guard lock(guard_);
  db_ = db;
  thread_ = std::thread([this] { run(); });
}

void write_watch::stop() {
  {
    const std::lock_guard lock(guard_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

write_state write_watch::state() const {
  const std::lock_guard lock(guard_);
  return state_;
}

bool write_watch::takes_writes() const {
  const std::lock_guard lock(guard_);
  return state_.is == write_state::kind::open;
}

void write_watch::change(write_state::kind to, const std::string& reason) {
  // With the lock held. What is final stays so, with its first reason.
  if (state_.is == write_state::kind::failed) return;
  const bool news = state_.is != to || (state_.reason.empty() != reason.empty());
  if (state_.is == write_state::kind::open && to != write_state::kind::open) since_ = std::chrono::steady_clock::now();
  const auto was = state_.is;
  state_ = {to, reason};
  if (!news) return;
  if (to == write_state::kind::full) spdlog::error("{} takes no writes: {}; it will again when that has passed", place_, reason);
  else if (to == write_state::kind::failed) spdlog::critical("{} takes no writes until the next start: {}", place_, reason);
  else if (was == write_state::kind::full)
    spdlog::info("{} takes writes again after {:.1f} s", place_, std::chrono::duration<double>(std::chrono::steady_clock::now() - since_).count());
  else if (!reason.empty()) spdlog::warn("{} goes on, but: {}", place_, reason);
  else spdlog::info("{} is in order again", place_);
}

void write_watch::write_failed(const rocksdb::Status& status) {
  const std::lock_guard lock(guard_);
  if (is_passing(status)) {
    must_resume_ = true;
    ++failures_;
    change(write_state::kind::full, status.ToString());
    changed_.notify_all();
  } else if (status.IsIOError() || status.IsCorruption()) {
    change(write_state::kind::failed, status.ToString());
  }
}

void write_watch::found_damage(const std::string& what, bool gives_up) {
  const std::lock_guard lock(guard_);
  change(gives_up ? write_state::kind::failed : state_.is, what);
}

void write_watch::OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) {
  const std::lock_guard lock(guard_);
  ++failures_;
  if (reason == rocksdb::BackgroundErrorReason::kWriteCallback) log_failed_ = true;
  // To RocksDB it is final that a new write-ahead log could not be made, since the old one may lack what nobody has synced yet. Here
  // every write is synced before it counts as one, so that this too can be tried again.
  if (reason == rocksdb::BackgroundErrorReason::kMemTable && error->IsNoSpace()) *error = rocksdb::Status(*error, rocksdb::Status::Severity::kHardError);
  // Nor does it know that a file that could not be opened is one that nothing was written to.
  const bool opens_files = reason == rocksdb::BackgroundErrorReason::kMemTable || reason == rocksdb::BackgroundErrorReason::kFlush ||
                           reason == rocksdb::BackgroundErrorReason::kCompaction;
  if (opens_files && !error->IsNoSpace() && is_passing(*error)) *error = rocksdb::Status(*error, rocksdb::Status::Severity::kHardError);
  const bool goes_on = error->severity() <= rocksdb::Status::Severity::kSoftError;
  if (is_passing(*error) && error->severity() <= rocksdb::Status::Severity::kHardError) {
    must_resume_ = true;
    if (!goes_on) change(write_state::kind::full, error->ToString());
    else if (state_.is == write_state::kind::open) change(write_state::kind::open, "compaction waits for room: " + error->ToString());
    changed_.notify_all();
  } else if (!goes_on) {
    change(write_state::kind::failed, error->ToString());
  }
}

void write_watch::OnMemTableSealed(const rocksdb::MemTableInfo& info) {
  if (info.cf_name == rocksdb::kDefaultColumnFamilyName) wants_mark_ = true;
}

void write_watch::OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status error, bool* auto_recovery) {
  error.PermitUncheckedError();
  // RocksDB's own way waits for a share of the disk to be free, and looks every five seconds.
  *auto_recovery = false;
}

std::uint64_t write_watch::log_number() const {
  std::unique_ptr<rocksdb::LogFile> current;
  return db_->GetCurrentWalFile(&current).ok() ? current->LogNumber() : 0;
}

void write_watch::run() {
  std::unique_lock lock(guard_);
  auto pause = first_pause;
  auto resumed_at = std::chrono::steady_clock::time_point{};
  std::optional<std::uint64_t> failed_log;
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || must_resume_; });
    // A compaction that fails as often as it is resumed is tried less and less often; the next write never waits for that.
    if (state_.is == write_state::kind::full || std::chrono::steady_clock::now() - resumed_at > 2 * longest_pause) pause = first_pause;
    changed_.wait_for(lock, pause, [this] { return stopping_; });
    if (stopping_) return;
    if (state_.is == write_state::kind::failed) {
      must_resume_ = false;
      continue;
    }
    pause = std::min(longest_pause, pause * 2);
    const auto before = failures_;
    const bool log_failed = log_failed_;
    lock.unlock();
    if (log_failed && !failed_log) failed_log = log_number();
    const auto resumed = db_->Resume();
    const auto log_now = log_number();
    lock.lock();
    if (!resumed.ok() || failures_ != before) continue;
    resumed_at = std::chrono::steady_clock::now();
    must_resume_ = false;
    // RocksDB takes a new write-ahead log only if it has something to flush; on the old one the next write would end the process.
    log_failed_ = false;
    if (std::exchange(failed_log, std::nullopt) == log_now) {
      change(write_state::kind::failed, "there is room again, but the write-ahead log could not be replaced");
      continue;
    }
    change(write_state::kind::open, {});
  }
}

}  // namespace plo::eventstore
