#include "eventstore/log.hpp"

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "domain/event/readable.hpp"
#include "eventstore/index/all.hpp"
#include "eventstore/index/index_keeper.hpp"
#include "eventstore/kv/keys.hpp"
#include "eventstore/log_layout.hpp"

namespace plo::eventstore {

namespace {

namespace families = layout::families;
using namespace layout;

/// Beyond this many remembered stream versions the memory is dropped and filled again from the store.
constexpr std::size_t max_cached_streams = 200'000;
constexpr std::size_t events_per_portion = 5'000;

class kv_log final : public log {
public:
  kv_log(std::unique_ptr<kv_store> store, log_options options, const std::filesystem::path& archive_dir)
      : store_(std::move(store)), vault_(*store_, std::move(options.privacy)), archive_(archive_dir) {
    if (options.mode == open_mode::read_write) recover();
    else read_head();
  }

  std::vector<append_outcome> append(std::vector<append_request> group) override {
    kv_batch batch;
    vault_.begin();
    log_head head = this->head();
    std::unordered_map<std::string, std::uint64_t> versions;  // of the streams this group touches
    std::vector<append_outcome> outcomes;
    outcomes.reserve(group.size());
    index_rows rows(*store_, batch);
    for (auto& request : group) outcomes.push_back(place(request, head, versions, batch, rows));
    if (batch.changes.empty()) return outcomes;

    std::string head_value;
    keys::put_u64(head_value, head.last.value);
    head_value.append(reinterpret_cast<const char*>(head.hash.data()), head.hash.size());
    batch.put(families::meta, std::string(head_key), std::move(head_value));
    store_->write(batch);
    vault_.commit();

    const std::lock_guard lock(guard_);
    head_ = head;
    if (versions_.size() > max_cached_streams) versions_.clear();
    for (auto& [stream, version] : versions) versions_[stream] = version;
    return outcomes;
  }

  log_head head() const override {
    const std::lock_guard lock(guard_);
    return head_;
  }

  const kv_store& store() const override { return *store_; }

  void read(position from, const visitor& visit) const override {
    // A batch being written becomes visible to scans before the head moves: what is behind the head does not exist yet.
    const auto last = head().last;
    if (from > last) return;
    store_->scan(families::events, keys::of(from), keys::of(position{last.value + 1}),
                 [&](std::string_view key, std::string_view value) { return visit(decode(key, value)); });
  }

  std::optional<recorded_event> at(position pos) const override {
    if (pos > head().last) return std::nullopt;
    const auto key = keys::of(pos);
    const auto value = store_->get(families::events, key);
    if (!value) return std::nullopt;
    return decode(key, *value);
  }

  void read_stream(const stream_id& stream, stream_version from, const visitor& visit) const override {
    const auto last = head().last;
    store_->scan(families::streams, stream_key(stream.name, from.value), keys::after(stream_prefix(stream.name)),
                 [&](std::string_view, std::string_view value) {
                   const position pos{keys::get_u64(value)};
                   if (pos > last) return false;
                   auto found = at(pos);
                   if (!found) throw store_error(fmt::format("stream {} points at position {}, which is missing",
                                                             stream.name, pos.value));
                   return visit(*found);
                 });
  }

  stream_version version_of(const stream_id& stream) const override { return {current_version(stream)}; }

  void each_stream(std::string_view after, const std::function<bool(const stream_id&)>& visit) const override {
    // From the first version of each stream straight to the next stream.
    for (auto from = after.empty() ? std::string() : keys::after(stream_prefix(after));;) {
      stream_id found;
      store_->scan(families::streams, from, {}, [&](std::string_view key, std::string_view) {
        found.name = keys::take_text(key);
        return false;
      });
      if (found.name.empty() || !visit(found)) return;
      from = keys::after(stream_prefix(found.name));
    }
  }

  std::optional<std::string> stored_at(position pos) const override {
    auto value = store_->get(families::events, keys::of(pos));
    return value && eventstore::is_archived(*value) ? archive_.read(pos, *value) : value;
  }

  bool is_archived(position pos) const override {
    const auto value = store_->get(families::events, keys::of(pos));
    return value && eventstore::is_archived(*value);
  }

  const personal_fields& personal() const override { return vault_.fields(); }
  bool has_key(const std::string& subject) const override { return vault_.has_key(subject); }
  void purge_keys() override { store_->purge({families::keys}); }

private:
  recorded_event decode(std::string_view key, std::string_view value) const {
    const position pos{keys::get_u64(key)};
    if (eventstore::is_archived(value)) return decode(key, archive_.read(pos, value));
    auto decoded = decode_record(value);
    if (!decoded) throw store_error(fmt::format("the record at position {} is damaged: {}", pos.value, decoded.error()));
    auto& e = decoded->event;
    if (e.pos != pos) throw store_error(fmt::format("the record at position {} says it is {}", pos.value, e.pos.value));
    if (decoded->sealed) e.data = vault_.open(e, *decoded->sealed);
    return std::move(e);
  }

  std::uint64_t current_version(const stream_id& stream) const {
    {
      const std::lock_guard lock(guard_);
      if (const auto known = versions_.find(stream.name); known != versions_.end()) return known->second;
    }
    if (!store_->get(families::streams, stream_key(stream.name, 1))) return 0;  // cheaper than a scan, and usual
    const auto prefix = stream_prefix(stream.name);
    std::uint64_t version = 0;
    store_->scan_back(families::streams, prefix, keys::after(prefix), [&](std::string_view key, std::string_view) {
      version = keys::get_u64(key.substr(prefix.size()));
      return false;
    });
    return version;
  }

  /// Gives the request's events their places and adds them and their index entries to the batch.
  append_outcome place(append_request& request, log_head& head, std::unordered_map<std::string, std::uint64_t>& versions,
                       kv_batch& batch, index_rows& rows) {
    const auto version_now = [&](const stream_id& stream) -> std::uint64_t& {
      const auto known = versions.find(stream.name);
      return known != versions.end() ? known->second
                                     : versions.emplace(stream.name, current_version(stream)).first->second;
    };
    for (const auto& part : request.appends)
      if (part.expected && part.expected->value != version_now(part.stream))
        return tl::unexpected(append_error::version_conflict);
    for (const auto& fence : request.fences)
      if (fence.version.value != version_now(fence.stream)) return tl::unexpected(append_error::stale_read);
    // The last door before what cannot be taken back: it says nothing of why, as whoever makes events is to look for itself.
    for (const auto& part : request.appends)
      if (std::any_of(part.events.begin(), part.events.end(), [](const event& e) { return unreadable(e).has_value(); }))
        return tl::unexpected(append_error::unreadable);

    const position commit{head.last.value + 1};
    std::vector<recorded_event> placed;
    for (auto& part : request.appends) {
      auto& version = version_now(part.stream);
      for (auto& e : part.events) {
        recorded_event recorded;
        static_cast<event&>(recorded) = std::move(e);
        recorded.stream = part.stream;
        recorded.version = {++version};
        recorded.pos = {++head.last.value};
        recorded.commit = commit;
        add(recorded, request, head, batch, rows);
        placed.push_back(std::move(recorded));
      }
    }
    for (const auto& subject : request.erased_subjects) vault_.erase(subject, batch);
    archive(request, batch);
    return placed;
  }

  void add(const recorded_event& e, const append_request& request, log_head& head, kv_batch& batch, index_rows& rows) {
    const auto pos = keys::of(e.pos);
    chain_hash hash;
    batch.put(families::events, pos, encode_record(e, head.hash, hash, vault_.seal(request.subject, e, batch)));
    head.hash = hash;
    batch.put(families::streams, stream_key(e.stream.name, e.version.value), pos);
    const indexed_event indexed(e);
    for (const auto& index : all_indexes()) index->apply(indexed, rows);
  }

  void archive(const append_request& request, kv_batch& batch) const {
    for (const auto& [pos, place] : request.archived) {
      const auto stored = store_->get(families::events, keys::of(pos));
      if (!stored) throw store_error(fmt::format("position {} cannot be archived: it is not there", pos.value));
      batch.put(families::events, keys::of(pos), archived_value(stored_hash(*stored), place));
    }
  }

  /// What the store lacks, because it is older than this build, is folded from the log.
  void bring_indexes_up() {
    std::vector<const log_index*> lacking;
    for (const auto& index : all_indexes())
      if (stored_version(*store_, *index) != index->version()) lacking.push_back(index.get());
    if (lacking.empty()) return;
    if (head_.last.value > 0) spdlog::info("folding {} index(es) of the log anew", lacking.size());
    fold_anew(*store_, lacking, [this](const auto& visit) {
      std::vector<recorded_event> portion;
      for (position next{1}; next <= head_.last; next.value += portion.size()) {
        portion.clear();
        // What is folded is written: not while the log is being scanned.
        read(next, [&](const recorded_event& e) {
          portion.push_back(e);
          return portion.size() < events_per_portion;
        });
        for (const auto& e : portion) visit(e);
      }
    });
  }

  [[nodiscard]] std::optional<std::string> checked_format() const {
    auto format = store_->get(families::meta, format_key);
    if (format && *format != format_value)
      throw store_error(fmt::format("the log has the format '{}', this build reads '{}'", *format, format_value));
    return format;
  }

  void read_head() {
    if (!checked_format()) throw store_error("this is no log: it has no format");
    const auto recorded = store_->get(families::meta, head_key);
    if (!recorded) return;
    head_.last = {keys::get_u64(*recorded)};
    head_.hash = stored_hash(std::string_view(*recorded).substr(8));
  }

  void recover() {
    const auto format = checked_format();

    std::uint64_t expected = 0;
    chain_hash before_last = genesis_hash;
    chain_hash last_hash = genesis_hash;
    std::string last_record;
    store_->scan(families::events, {}, {}, [&](std::string_view key, std::string_view value) {
      const auto pos = keys::get_u64(key);
      if (key.size() != 8 || pos != expected + 1)
        throw store_error(fmt::format("the log has a gap: position {} is missing, {} is there", expected + 1, pos));
      expected = pos;
      before_last = last_hash;
      last_hash = stored_hash(value);
      last_record.assign(value);
      return true;
    });
    head_ = {position{expected}, last_hash};
    if (expected > 0 && !eventstore::is_archived(last_record) && !follows(last_record, before_last))
      throw store_error(fmt::format("the record at position {} does not match its hash", expected));

    const auto recorded = store_->get(families::meta, head_key);
    if (expected > 0 && !recorded) throw store_error("the log holds events but no head: its meta data is missing");
    if (recorded) {
      const auto last = keys::get_u64(*recorded);
      if (last != expected)
        throw store_error(fmt::format("the head says that {} events were stored, {} are there", last, expected));
      if (recorded->compare(8, std::string::npos,
                            std::string_view(reinterpret_cast<const char*>(last_hash.data()), last_hash.size())) != 0)
        throw store_error(fmt::format("the hash at position {} is not the one the head recorded", expected));
    }
    if (!format) {
      kv_batch batch;
      batch.put(families::meta, std::string(format_key), std::string(format_value));
      store_->write(batch);
    }
    bring_indexes_up();
  }

  std::unique_ptr<kv_store> store_;
  vault vault_;
  archive_reader archive_;
  mutable std::mutex guard_;
  log_head head_;
  std::unordered_map<std::string, std::uint64_t> versions_;
};

}  // namespace

std::unique_ptr<log> make_memory_log(privacy_options privacy, const std::filesystem::path& archive_dir) {
  return std::make_unique<kv_log>(make_memory_store(log_families()), log_options{open_mode::read_write, std::move(privacy)}, archive_dir);
}

std::unique_ptr<log> open_rocksdb_log(const std::filesystem::path& data_dir, log_options options) {
  auto store = open_log_store(data_dir, options.mode, options.env);
  return std::make_unique<kv_log>(std::move(store), std::move(options), data_dir / "archive");
}

std::unique_ptr<kv_store> open_log_store(const std::filesystem::path& data_dir, open_mode mode, rocksdb::Env* env) {
  return open_rocksdb_store(data_dir / "log", log_families(), mode, env);
}

}  // namespace plo::eventstore
