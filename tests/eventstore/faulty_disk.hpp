// A file system that fails when a test wants it to: full, or unable to sync.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

namespace plo::eventstore::test {

class faulty_disk final : public rocksdb::FileSystemWrapper {
public:
  static constexpr std::int64_t unlimited = -1;

  faulty_disk() : FileSystemWrapper(rocksdb::FileSystem::Default()), env_(rocksdb::NewCompositeEnv(unowned(this))) {}

  const char* Name() const override { return "faulty_disk"; }

  /// To open a store with.
  [[nodiscard]] rocksdb::Env* env() const { return env_.get(); }

  /// Bytes that can still be written; a write of more writes as much and fails.
  std::atomic<std::int64_t> room{unlimited};
  std::atomic<bool> sync_fails{false};     // as a disk does that lost a page
  std::atomic<bool> sync_is_full{false};   // what was written finds no room when it is to be allocated
  std::atomic<bool> writes_fail{false};    // not for lack of room
  std::atomic<bool> keeps_files{false};    // deleted files stay, as for a process that dies in between

  /// Faults strike these files alone: the end of a name, such as ".sst", or "" for all; MANIFEST files are "MANIFEST".
  void only(const std::string& files) {
    const std::lock_guard lock(guard_);
    only_ = files;
  }

  [[nodiscard]] bool strikes(const std::string& file) const {
    const std::lock_guard lock(guard_);
    const auto name = file.substr(file.rfind('/') + 1);
    if (name.starts_with("LOG") || name.starts_with("OPTIONS")) return false;
    return only_ == "MANIFEST" ? name.starts_with(only_) : name.ends_with(only_);
  }

  static rocksdb::IOStatus no_space() {
    auto status = rocksdb::IOStatus::NoSpace("while appending", "no space left on device");
    status.SetRetryable(true);  // as RocksDB's own file system says
    return status;
  }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result, rocksdb::IODebugContext* dbg) override {
    if (room == 0 && strikes(name)) return no_space();
    auto status = target()->NewWritableFile(name, options, result, dbg);
    if (status.ok()) *result = std::make_unique<written_file>(std::move(*result), name, *this);
    return status;
  }

  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options, rocksdb::IODebugContext* dbg) override {
    return keeps_files ? rocksdb::IOStatus::OK() : target()->DeleteFile(name, options, dbg);
  }

private:
  class written_file final : public rocksdb::FSWritableFileOwnerWrapper {
  public:
    written_file(std::unique_ptr<rocksdb::FSWritableFile>&& target, std::string name, faulty_disk& disk)
        : FSWritableFileOwnerWrapper(std::move(target)), name_(std::move(name)), disk_(disk) {}

    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options, rocksdb::IODebugContext* dbg) override {
      if (!disk_.strikes(name_)) return target()->Append(data, options, dbg);
      if (disk_.writes_fail) return rocksdb::IOStatus::IOError("while appending", "input/output error");
      if (disk_.room == unlimited) return target()->Append(data, options, dbg);
      const auto size = static_cast<std::int64_t>(data.size());
      const auto left = disk_.room.fetch_sub(size);
      if (left >= size) return target()->Append(data, options, dbg);
      disk_.room = 0;
      if (left > 0) (void)target()->Append(rocksdb::Slice(data.data(), static_cast<std::size_t>(left)), options, dbg);
      return no_space();
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options, const rocksdb::DataVerificationInfo&,
                             rocksdb::IODebugContext* dbg) override {
      return Append(data, options, dbg);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* dbg) override {
      const auto fault = sync_fault();
      return fault.ok() ? target()->Sync(options, dbg) : fault;
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* dbg) override {
      const auto fault = sync_fault();
      return fault.ok() ? target()->Fsync(options, dbg) : fault;
    }

  private:
    [[nodiscard]] rocksdb::IOStatus sync_fault() const {
      if (!disk_.strikes(name_)) return rocksdb::IOStatus::OK();
      if (disk_.sync_is_full) return no_space();
      if (disk_.sync_fails) return rocksdb::IOStatus::IOError("while syncing", "input/output error");
      return rocksdb::IOStatus::OK();
    }
    std::string name_;
    faulty_disk& disk_;
  };

  static std::shared_ptr<rocksdb::FileSystem> unowned(faulty_disk* disk) { return {std::shared_ptr<void>(), disk}; }

  mutable std::mutex guard_;
  std::string only_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace plo::eventstore::test
