#include "eventstore/kv/rocksdb_store.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <fstream>

#include <fmt/format.h>
#include <sys/resource.h>
#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <spdlog/spdlog.h>

#include "eventstore/kv/wal_check.hpp"
#include "eventstore/kv/write_watch.hpp"

namespace plo::eventstore {

std::size_t files_per_store() {
  constexpr std::size_t fewest = 48, most = 512;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return most;
  return std::clamp<std::size_t>(limit.rlim_cur / 6, fewest, most);
}

namespace {

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

/// Left in the directory of a store that can be rebuilt, when it was found damaged.
constexpr std::string_view damage_mark = "DAMAGED";

/// What RocksDB tells, for those who ask for that much. Its own LOG file ends the process when the disk is full: RocksDB writes to a file
/// again that it could not be written to, and is built with its assertions on Debian.
class quiet_log final : public rocksdb::Logger {
public:
  quiet_log() : Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}
  using Logger::Logv;
  void Logv(const char* format, std::va_list words) override {
    if (!spdlog::should_log(spdlog::level::debug)) return;
    char line[1024];
    std::vsnprintf(line, sizeof line, format, words);
    spdlog::debug("RocksDB: {}", line);
  }
};

bool is_damage(const rocksdb::Status& status) { return status.IsCorruption() || status.IsPathNotFound(); }

void check(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) return;
  const auto text = fmt::format("{}: {}", doing, status.ToString());
  if (is_damage(status)) throw store_damaged(text);
  throw store_error(text);
}

rocksdb::DBOptions database_options(bool durable, rocksdb::Env* env) {
  rocksdb::DBOptions options;
  if (env != nullptr) options.env = env;
  options.info_log = std::make_shared<quiet_log>();
  options.allow_concurrent_memtable_write = false;  // there is one writer
  options.enable_write_thread_adaptive_yield = false;
  options.atomic_flush = !durable;  // without a write-ahead log, the families reach the disk together
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  // Only a torn tail may be dropped: the default (point in time) would silently forget everything behind a damaged middle.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.paranoid_checks = true;
  if (durable) {
    options.avoid_flush_during_shutdown = true;  // the write-ahead log has everything
    options.track_and_verify_wals_in_manifest = true;
    options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  }
  options.max_background_jobs = 2;
  options.max_total_wal_size = 256u << 20;
  options.max_open_files = static_cast<int>(files_per_store());
  return options;
}

rocksdb::ColumnFamilyOptions family_options(const family_layout& layout, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  if (layout.point_lookups) {
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.whole_key_filtering = true;
    options.memtable_prefix_bloom_size_ratio = 0.1;
    options.memtable_whole_key_filtering = true;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = rocksdb::kLZ4Compression;
  options.write_buffer_size = layout.write_buffer;
  options.ttl = 0;
  options.periodic_compaction_seconds = 0;
  return options;
}

/// The families that a store has, out of those that are wanted; nothing else can be opened read only.
std::vector<std::string> present_families(const rocksdb::DBOptions& options, const std::filesystem::path& dir) {
  std::vector<std::string> names;
  const auto status = rocksdb::DB::ListColumnFamilies(options, dir.string(), &names);
  if (!status.ok() && !std::filesystem::exists(dir / "CURRENT"))
    throw store_error(fmt::format("there is no store at {}: {}", dir.string(), status.ToString()));
  check(status, fmt::format("the store at {} is damaged", dir.string()));
  return names;
}

/// What the store and its snapshots share: the database and its families.
struct open_database {
  std::filesystem::path dir;
  std::shared_ptr<write_watch> watch;
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;  // behind the default family, in the order of the layout; null: not there
  store_layout layout;

  [[nodiscard]] rocksdb::ColumnFamilyHandle* of(family where) const { return handles.at(where + 1u); }

  /// Of a read. What can be rebuilt is marked for that when it is damaged.
  void check_read(const rocksdb::Status& status, std::string_view doing, family where) const {
    if (status.ok()) return;
    const auto text = fmt::format("{} {}", doing, layout.families[where].name);
    if (is_damage(status)) {
      if (!layout.durable) std::ofstream(dir / damage_mark) << text << ": " << status.ToString() << "\n";
      watch->found_damage(fmt::format("{}: {}", text, status.ToString()), !layout.durable);
    }
    check(status, text);
  }
};

class rocksdb_reader : public virtual kv_reader {
public:
  std::optional<std::string> get(family where, std::string_view key) const override {
    if (database_->of(where) == nullptr) return std::nullopt;
    std::string value;
    const auto status = database_->db->Get(options_, database_->of(where), slice(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    database_->check_read(status, "cannot read from", where);
    return value;
  }

  void scan(family where, std::string_view from, std::string_view until, const visitor& visit) const override {
    walk(where, from, until, [&](rocksdb::Iterator& it) {
      for (it.Seek(slice(from)); it.Valid(); it.Next())
        if (!visit(view(it.key()), view(it.value()))) return;
    });
  }

  void scan_back(family where, std::string_view from, std::string_view until, const visitor& visit) const override {
    walk(where, from, until, [&](rocksdb::Iterator& it) {
      for (it.SeekToLast(); it.Valid(); it.Prev())
        if (!visit(view(it.key()), view(it.value()))) return;
    });
  }

protected:
  rocksdb_reader(open_database* database, const rocksdb::Snapshot* at) : database_(database) { options_.snapshot = at; }

  open_database* database_;
  rocksdb::ReadOptions options_;

private:
  template <class Steps>
  void walk(family where, std::string_view from, std::string_view until, Steps steps) const {
    if (database_->of(where) == nullptr) return;
    auto options = options_;
    const auto lower = slice(from);
    const auto upper = slice(until);
    if (!from.empty()) options.iterate_lower_bound = &lower;
    if (!until.empty()) options.iterate_upper_bound = &upper;
    const std::unique_ptr<rocksdb::Iterator> it(database_->db->NewIterator(options, database_->of(where)));
    steps(*it);
    database_->check_read(it->status(), "cannot scan", where);
  }
};

class rocksdb_snapshot final : public rocksdb_reader {
public:
  explicit rocksdb_snapshot(open_database* database) : rocksdb_reader(database, database->db->GetSnapshot()) {}
  ~rocksdb_snapshot() override { database_->db->ReleaseSnapshot(options_.snapshot); }
  rocksdb_snapshot(const rocksdb_snapshot&) = delete;
  rocksdb_snapshot& operator=(const rocksdb_snapshot&) = delete;
};

class rocksdb_store final : public rocksdb_reader, public kv_store {
public:
  rocksdb_store(const std::filesystem::path& dir, const store_layout& layout, open_mode mode, rocksdb::Env* env)
      : rocksdb_reader(&opened_, nullptr), mode_(mode), env_(env) {
    opened_.dir = dir;
    opened_.watch = std::make_shared<write_watch>(dir.string());
    opened_.layout = layout;
    if (mode == open_mode::read_only) open_read_only(dir);
    else open_to_write(dir, layout);
  }

  ~rocksdb_store() override {
    if (!opened_.db) return;
    opened_.watch->stop();
    // Without a write-ahead log this is what keeps the last writes; if it fails they are rebuilt.
    if (!opened_.layout.durable && mode_ == open_mode::read_write) opened_.db->Flush({}, present(0)).PermitUncheckedError();
    for (auto* handle : opened_.handles)
      if (handle != nullptr) opened_.db->DestroyColumnFamilyHandle(handle);
    opened_.db->Close();
  }

  void write(const kv_batch& batch) override {
    if (mode_ == open_mode::read_only) throw store_error("the store was opened to be read only");
    rocksdb::WriteBatch writes;
    for (const auto& change : batch.changes) {
      auto* where = opened_.of(change.where);
      check(change.value ? writes.Put(where, change.key, *change.value) : writes.Delete(where, change.key),
            "cannot build a batch");
    }
    const auto state = opened_.watch->state();
    if (state.is != write_state::kind::open) throw store_error(fmt::format("the store takes no writes: {}", state.reason));
    mark();
    const auto status = opened_.db->Write(write_options_, &writes);
    if (!status.ok()) opened_.watch->write_failed(status);
    check(status, "cannot write to the store");
  }

  write_state writing() const override { return opened_.watch->state(); }

  void verify_files() const override {
    // Files written before checksums of whole files were noted have those of their blocks.
    std::vector<rocksdb::LiveFileMetaData> files;
    opened_.db->GetLiveFilesMetaData(&files);
    const auto is_noted = [](const auto& f) {
      return !f.file_checksum_func_name.empty() && f.file_checksum_func_name != rocksdb::kUnknownFileChecksumFuncName;
    };
    const bool all_noted = !files.empty() && std::all_of(files.begin(), files.end(), is_noted);
    check(all_noted ? opened_.db->VerifyFileChecksums({}) : opened_.db->VerifyChecksum(), fmt::format("{} is damaged", opened_.dir.string()));
    check_record_files(opened_.dir);
  }

  [[nodiscard]] rocksdb::DB& database() const { return *opened_.db; }

  void purge(const std::vector<family>& families) override {
    // The write-ahead log goes when everything in it is flushed, the old values when the files they are in are compacted.
    check(opened_.db->Flush({}, present(1)), "cannot flush");
    rocksdb::CompactRangeOptions whole;
    whole.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    for (const auto where : families)
      if (auto* handle = opened_.of(where)) check(opened_.db->CompactRange(whole, handle, nullptr, nullptr), "cannot compact");
  }

  void drop(const std::vector<family>& families) override {
    if (families.empty()) return;
    // What is on disk of a family goes at once: what was written about it must not come behind.
    check(opened_.db->Flush({}, present(1)), "cannot flush");
    for (const auto where : families) {
      auto& handle = opened_.handles.at(where + 1u);
      if (handle == nullptr) continue;
      check(opened_.db->DropColumnFamily(handle), fmt::format("cannot drop {}", opened_.layout.families[where].name));
      opened_.db->DestroyColumnFamilyHandle(std::exchange(handle, nullptr));
    }
  }

  std::unique_ptr<const kv_reader> snapshot() const override { return std::make_unique<rocksdb_snapshot>(database_); }

private:
  /// The families that are there, from a place in the handles on.
  [[nodiscard]] std::vector<rocksdb::ColumnFamilyHandle*> present(std::ptrdiff_t first) const {
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    std::copy_if(opened_.handles.begin() + first, opened_.handles.end(), std::back_inserter(handles), [](const auto* handle) { return handle != nullptr; });
    return handles;
  }

  /// Sees to it that there is always something to flush. When the write-ahead log cannot be written any more, RocksDB resumes by flushing
  /// everything and taking a new log; with nothing to flush it keeps the old one, and ends the process at the next write.
  void mark() {
    if (!opened_.layout.durable || !opened_.watch->wants_mark()) return;
    rocksdb::WriteOptions in_memory;
    in_memory.disableWAL = true;
    const auto status = opened_.db->Put(in_memory, opened_.handles[0], "mark", {});
    if (!status.ok()) opened_.watch->write_failed(status);
    check(status, "cannot write to the store");
  }

  void open_to_write(const std::filesystem::path& dir, const store_layout& layout) {
    std::error_code ec;
    std::filesystem::create_directories(dir, ec);
    if (ec) throw store_error(fmt::format("cannot create {}: {}", dir.string(), ec.message()));
    if (!layout.durable && std::filesystem::exists(dir / damage_mark)) throw store_damaged(fmt::format("{} was found damaged", dir.string()));
    check_record_files(dir);

    const auto cache = rocksdb::NewLRUCache(128u << 20);
    std::vector<rocksdb::ColumnFamilyDescriptor> families{{rocksdb::kDefaultColumnFamilyName, {}}};
    for (const auto& f : layout.families) families.emplace_back(f.name, family_options(f, cache));

    auto options = database_options(layout.durable, env_);
    options.listeners.push_back(opened_.watch);
    rocksdb::DB* db = nullptr;
    const auto status = rocksdb::DB::Open(options, dir.string(), families, &opened_.handles, &db);
    if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) {
      const bool is_held = status.ToString().find("temporarily unavailable") != std::string::npos || status.ToString().find("lock hold by current") != std::string::npos;
      throw store_error(fmt::format("{} {} ({})", dir.string(), is_held ? "is in use by another process" : "cannot be written to", status.ToString()));
    }
    check(status, fmt::format("cannot open the store at {}", dir.string()));
    opened_.db.reset(db);
    opened_.watch->start(db);
    write_options_.sync = layout.durable;
    write_options_.disableWAL = !layout.durable;
  }

  void open_read_only(const std::filesystem::path& dir) {
    auto options = database_options(opened_.layout.durable, env_);
    options.create_if_missing = false;
    options.max_open_files = -1;  // all are opened now: files that the writer deletes meanwhile can still be read
    const auto cache = rocksdb::NewLRUCache(128u << 20);
    rocksdb::Status status;
    // The writer may replace files between the list and their opening.
    for (int attempt = 0; attempt < open_attempts; ++attempt) {
      check_record_files(dir);
      const auto present = present_families(options, dir);
      std::vector<rocksdb::ColumnFamilyDescriptor> families{{rocksdb::kDefaultColumnFamilyName, {}}};
      for (const auto& f : opened_.layout.families)
        if (std::find(present.begin(), present.end(), f.name) != present.end()) families.emplace_back(f.name, family_options(f, cache));
      std::vector<rocksdb::ColumnFamilyHandle*> handles;
      rocksdb::DB* db = nullptr;
      status = rocksdb::DB::OpenForReadOnly(options, dir.string(), families, &handles, &db);
      if (!status.ok()) continue;
      opened_.db.reset(db);
      opened_.handles.assign(1 + opened_.layout.families.size(), nullptr);
      for (auto* handle : handles) {
        const auto wanted = std::find_if(opened_.layout.families.begin(), opened_.layout.families.end(),
                                         [&](const family_layout& f) { return f.name == handle->GetName(); });
        if (wanted == opened_.layout.families.end()) opened_.handles[0] = handle;
        else opened_.handles[1 + static_cast<std::size_t>(wanted - opened_.layout.families.begin())] = handle;
      }
      return;
    }
    check(status, fmt::format("cannot open the store at {}", dir.string()));
  }

  static constexpr int open_attempts = 5;
  open_database opened_;
  open_mode mode_;
  rocksdb::Env* env_;
  rocksdb::WriteOptions write_options_;
};

}  // namespace

std::vector<std::string> families_at(const std::filesystem::path& dir) {
  if (!std::filesystem::exists(dir / "CURRENT")) return {};
  auto names = present_families(database_options(false, nullptr), dir);
  std::erase(names, rocksdb::kDefaultColumnFamilyName);
  return names;
}

std::unique_ptr<kv_store> open_rocksdb_store(const std::filesystem::path& dir, const store_layout& layout, open_mode mode,
                                             rocksdb::Env* env) {
  return std::make_unique<rocksdb_store>(dir, layout, mode, env);
}

rocksdb::DB& rocksdb_of(const kv_store& store) {
  const auto* found = dynamic_cast<const rocksdb_store*>(&store);
  if (found == nullptr) throw store_error("the store is in memory and has no files");
  return found->database();
}

}  // namespace plo::eventstore
