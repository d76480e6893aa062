#include "eventstore/backup/backup.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <fmt/format.h>
#include <rocksdb/utilities/backup_engine.h>
#include <sys/file.h>
#include <unistd.h>

#include "eventstore/backup/backup_index.hpp"
#include "eventstore/kv/durable_files.hpp"
#include "eventstore/kv/keys.hpp"
#include "eventstore/kv/rocksdb_store.hpp"
#include "eventstore/log_layout.hpp"

namespace plo::eventstore {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t events_between_progress = 4096;
constexpr std::uint64_t callback_bytes = 4u << 20;
constexpr ::mode_t for_owner_only = 0600;

void check(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) return;
  const auto text = fmt::format("{}: {}", doing, status.ToString());
  if (status.IsCorruption()) throw store_damaged(text);
  throw store_error(text);
}

rocksdb::BackupEngineOptions engine_options(const fs::path& to) {
  rocksdb::BackupEngineOptions options((to / "log").string());
  options.callback_trigger_interval_size = callback_bytes;
  return options;
}

std::unique_ptr<rocksdb::BackupEngine> open_engine(const fs::path& to) {
  std::error_code ec;
  fs::create_directories(to / "log", ec);
  if (ec) throw store_error(fmt::format("{} cannot be made: {}", (to / "log").string(), ec.message()));
  rocksdb::BackupEngine* engine = nullptr;
  check(rocksdb::BackupEngine::Open(engine_options(to), rocksdb::Env::Default(), &engine), fmt::format("cannot open the backups at {}", to.string()));
  return std::unique_ptr<rocksdb::BackupEngine>(engine);
}

/// Opens one backup as it lies there, without restoring it, and follows the chain.
log_head prove(const rocksdb::BackupEngine& engine, std::uint32_t id, const fs::path& to, const backup_progress& progress) {
  rocksdb::BackupInfo info;
  check(engine.GetBackupInfo(id, &info, true), "cannot read about the backup");
  const auto store = open_rocksdb_store(info.name_for_open, layout::log_families(), open_mode::read_only, info.env_for_open.get());
  return read_chain(*store, archive_reader(to / "archive"), progress);
}

/// Brings `to`/archive up with the segments of the data directory. They never change, so that one which is there with the digest that
/// was noted for it need not be copied.
std::vector<kept_file> copy_segments(const fs::path& from, const fs::path& to, const std::vector<kept_file>& noted, const backup_progress& progress) {
  std::vector<kept_file> all;
  if (!fs::exists(from)) return all;
  fs::create_directories(to);
  std::vector<fs::path> segments;
  for (const auto& entry : fs::directory_iterator(from))
    if (entry.path().extension() == ".zst") segments.push_back(entry.path());
  std::sort(segments.begin(), segments.end());
  for (const auto& segment : segments) {
    progress("copying the archive", all.size(), segments.size());
    const auto name = segment.filename().string();
    const auto known = std::find_if(noted.begin(), noted.end(), [&](const kept_file& f) { return f.name == name; });
    const bool there = known != noted.end() && fs::exists(to / name) && digest_of(to / name) == known->digest;
    all.push_back(there ? *known : kept_file{name, copy_durably(segment, to / name, for_owner_only), fs::file_size(to / name)});
  }
  return all;
}

/// The files that lie in the data directory itself: secrets, keys. What tells of a running process is not among them.
std::vector<kept_file> copy_small_files(const fs::path& from, const fs::path& to) {
  std::vector<kept_file> all;
  fs::create_directories(to);
  fs::permissions(to, fs::perms::owner_all);
  for (const auto& entry : fs::directory_iterator(from)) {
    const auto name = entry.path().filename().string();
    if (!entry.is_regular_file() || name == "control.json" || name.ends_with(".part")) continue;
    all.push_back({name, copy_durably(entry.path(), to / name, for_owner_only), fs::file_size(to / name)});
  }
  return all;
}

void copy_back(const fs::path& from, const fs::path& to, const kept_file& file) {
  if (copy_durably(from / file.name, to / file.name, for_owner_only) != file.digest)
    throw store_damaged(fmt::format("{} is not what was backed up", (from / file.name).string()));
}

void sync_tree(const fs::path& dir) {
  sync_directory(dir);
  for (const auto& entry : fs::recursive_directory_iterator(dir))
    if (entry.is_directory()) sync_directory(entry.path());
}

}  // namespace

log_head read_chain(const kv_reader& store, const archive_reader& archive, const backup_progress& progress) {
  namespace families = layout::families;
  const auto recorded = store.get(families::meta, layout::head_key);
  const auto total = recorded ? keys::get_u64(*recorded) : 0;
  log_head head;
  store.scan(families::events, {}, {}, [&](std::string_view key, std::string_view value) {
    const auto pos = keys::get_u64(key);
    const auto damaged = [&](std::string_view what) { return store_damaged(fmt::format("position {} {}", head.last.value + 1, what)); };
    if (key.size() != 8 || pos != head.last.value + 1) throw damaged("is missing");
    std::string archived;
    if (is_archived(value)) archived = archive.read({pos}, value);
    const std::string_view stored = archived.empty() ? value : std::string_view(archived);
    if (!follows(stored, head.hash)) throw damaged("does not follow the one before it");
    if (const auto decoded = decode_record(stored); !decoded) throw damaged("is damaged: " + decoded.error());
    else if (decoded->event.pos.value != pos) throw damaged("holds another one");
    head = {position{pos}, stored_hash(stored)};
    if (pos % events_between_progress == 0) progress("following the chain", pos, total);
    return true;
  });
  if (total != head.last.value) throw store_damaged(fmt::format("the head says that {} events were stored, {} are there", total, head.last.value));
  if (total != 0 && stored_hash(std::string_view(*recorded).substr(8)) != head.hash) throw store_damaged("the last hash is not the one the head recorded");
  // The other families have no chain; reading them checks every block of theirs.
  for (family other = 0; other < layout::log_families().families.size(); ++other)
    if (other != families::events) store.scan(other, {}, {}, [](std::string_view, std::string_view) { return true; });
  progress("following the chain", total, total);
  return head;
}

std::uint32_t take_backup(const kv_store& store, const fs::path& to, const backup_progress& progress, const std::atomic<bool>& stop) {
  auto& db = rocksdb_of(store);
  std::uint64_t total = 0;
  std::vector<rocksdb::LiveFileMetaData> files;
  db.GetLiveFilesMetaData(&files);
  for (const auto& file : files) total += file.size;

  const auto engine = open_engine(to);
  rocksdb::CreateBackupOptions options;
  options.flush_before_backup = true;  // little is left in the write-ahead log then, which backups cannot share
  std::uint64_t copied = 0;
  options.progress_callback = [&] {
    if (stop) engine->StopBackup();
    else progress("copying the log", copied += callback_bytes, total);
  };
  rocksdb::BackupID id = 0;
  check(engine->CreateNewBackup(options, &db, &id), fmt::format("cannot make a backup at {}", to.string()));
  if (stop) throw store_error("the backup was stopped");
  return id;
}

backup_lock::backup_lock(const fs::path& to) {
  std::error_code ec;
  if (fs::create_directories(to, ec)) fs::permissions(to, fs::perms::owner_all, ec);
  const auto file = to / "LOCK";
  file_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0) throw store_error(fmt::format("{} cannot be made: {}", file.string(), std::strerror(errno)));
  if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return;
  ::close(file_);
  throw store_error(fmt::format("another backup to {} is under way", to.string()));
}

backup_lock::~backup_lock() { ::close(file_); }

std::uint64_t size_on_disk(const fs::path& dir) {
  std::uint64_t total = 0;
  std::error_code ec;
  for (const auto& entry : fs::recursive_directory_iterator(dir, ec))
    if (entry.is_regular_file(ec)) total += entry.file_size(ec);
  return total;
}

backup_report finish_backup(const fs::path& data_dir, const fs::path& to, std::uint32_t id, unsigned keep, std::uint64_t bytes_before,
                            const backup_progress& progress) {
  const auto engine = open_engine(to);
  auto index = read_index(to);
  backup_report report;
  try {
    // First the archive: records of the log may be in it.
    index.archive = copy_segments(data_dir / "archive", to / "archive", index.archive, progress);
    progress("reading the copy again", 0, 0);
    check(engine->VerifyBackup(id, true), "the backup does not read as it was written");
    report.made.head = prove(*engine, id, to, progress);
  } catch (const store_error&) {
    engine->DeleteBackup(id).PermitUncheckedError();
    throw;
  }
  rocksdb::BackupInfo info;
  check(engine->GetBackupInfo(id, &info), "cannot read about the backup");
  report.made.id = id;
  report.made.bytes = info.size;
  report.made.taken_at = format_instant(instant(std::chrono::seconds(info.timestamp)));
  report.made.segments = index.archive.size();
  index.files = copy_small_files(data_dir, to / "files");
  report.new_bytes = size_on_disk(to) - std::min(size_on_disk(to), bytes_before);
  index.backups.push_back(report.made);
  if (keep != 0 && index.backups.size() > keep) index.backups.erase(index.backups.begin(), index.backups.end() - keep);
  write_index(to, index);
  if (keep != 0) check(engine->PurgeOldBackups(keep), "old backups cannot be dropped");
  report.kept = index.backups.size();
  return report;
}

std::vector<backup_entry> list_backups(const fs::path& from) {
  auto index = read_index(from);
  if (index.backups.empty()) throw bad_restore(fmt::format("there is no finished backup at {}", from.string()));
  return std::move(index.backups);
}

backup_entry restore_backup(const fs::path& from, const fs::path& data_dir, std::optional<std::uint32_t> id, const backup_progress& progress) {
  std::error_code ec;
  if (fs::exists(data_dir, ec) && (!fs::is_directory(data_dir) || !fs::is_empty(data_dir)))
    throw bad_restore(fmt::format("{} is not empty: restore to a directory that is, or that is not there", data_dir.string()));
  const auto backups = list_backups(from);
  const auto index = read_index(from);
  const auto chosen = id ? std::find_if(backups.begin(), backups.end(), [&](const auto& b) { return b.id == *id; }) : backups.end() - 1;
  if (chosen == backups.end()) throw bad_restore(fmt::format("there is no backup {} at {}", *id, from.string()));

  const auto target = fs::absolute(data_dir).lexically_normal();
  const auto place = target.has_filename() ? target : target.parent_path();
  const fs::path temporary = place.string() + fmt::format(".restoring-{}", ::getpid());
  fs::remove_all(temporary);
  try {
    fs::create_directories(temporary / "log");
    progress("restoring the log", 0, chosen->bytes);
    rocksdb::BackupEngineReadOnly* opened = nullptr;
    check(rocksdb::BackupEngineReadOnly::Open(engine_options(from), rocksdb::Env::Default(), &opened), fmt::format("cannot open the backups at {}", from.string()));
    const std::unique_ptr<rocksdb::BackupEngineReadOnly> engine(opened);
    const auto log_dir = (temporary / "log").string();
    check(engine->RestoreDBFromBackup(chosen->id, log_dir, log_dir), "cannot restore the log");
    if (chosen->segments > 0) fs::create_directories(temporary / "archive");
    for (std::size_t i = 0; i < chosen->segments && i < index.archive.size(); ++i) {
      progress("restoring the archive", i, chosen->segments);
      copy_back(from / "archive", temporary / "archive", index.archive[i]);
    }
    for (const auto& file : index.files) copy_back(from / "files", temporary, file);

    const auto store = open_log_store(temporary, open_mode::read_only);
    store->verify_files();
    const auto head = read_chain(*store, archive_reader(temporary / "archive"), progress);
    if (head.last != chosen->head.last || head.hash != chosen->head.hash)
      throw store_damaged(fmt::format("the restored log ends at position {} with {}, the backup ended at {} with {}", head.last.value, to_hex(head.hash),
                                      chosen->head.last.value, to_hex(chosen->head.hash)));
  } catch (...) {
    fs::remove_all(temporary, ec);
    throw;
  }
  sync_tree(temporary);
  fs::remove(place, ec);  // an empty one is in the way of the name
  fs::rename(temporary, place);
  sync_directory(place.parent_path());
  return *chosen;
}

}  // namespace plo::eventstore
