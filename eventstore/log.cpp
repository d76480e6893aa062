#include "eventstore/log.hpp"

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include <fmt/format.h>

#include "domain/event/readable.hpp"
#include "eventstore/kv/keys.hpp"
#include "eventstore/log_layout.hpp"

namespace plo::eventstore {

namespace {

namespace families = layout::families;
using namespace layout;

/// Beyond this many remembered stream versions the memory is dropped and filled again from the store.
constexpr std::size_t max_cached_streams = 200'000;

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
    for (auto& request : group) outcomes.push_back(place(request, head, versions, batch));
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

  std::optional<position> find_source_event(std::string_view source, std::string_view source_ref) const override {
    const auto value = store_->get(families::dedup, dedup_key(source, source_ref));
    if (!value) return std::nullopt;
    return position{keys::get_u64(*value)};
  }

  bool knows_conflict(std::string_view source, std::string_view source_ref, std::string_view digest) const override {
    return store_->get(families::dedup, conflict_key(source, source_ref, digest)).has_value();
  }

  std::vector<known_reference> find_references(std::string_view ref) const override {
    std::vector<known_reference> found;
    if (!store_->get(families::refs, reference_known_key(ref))) return found;
    const auto prefix = reference_prefix(ref);
    store_->scan(families::refs, prefix, keys::after(prefix), [&](std::string_view key, std::string_view) {
      key.remove_prefix(prefix.size());
      const auto source = key.substr(3, key.size() - 3 - 16);  // behind the kind and the length
      found.push_back({static_cast<reference_kind>(key[0]), std::string(source),
                       {keys::get_uuid(key.substr(key.size() - 16))}});
      return true;
    });
    return found;
  }

  std::vector<customer_entry> customer_projects(std::string_view customer_id) const override {
    std::vector<customer_entry> found;
    const auto prefix = customer_prefix(customer_id);
    store_->scan(families::refs, prefix, keys::after(prefix), [&](std::string_view key, std::string_view value) {
      customer_entry entry;
      entry.customer_id = customer_id;
      entry.project = {keys::get_uuid(key.substr(key.size() - 16))};
      entry.created_at = instant(milliseconds(static_cast<std::int64_t>(keys::get_u64(value))));
      entry.open = value.size() > 8 && value[8] == 1;
      found.push_back(std::move(entry));
      return true;
    });
    return found;
  }

  std::vector<dead_letter_entry> waiting_dead_letters(std::string_view project_ref, position after, std::size_t most) const override {
    std::vector<dead_letter_entry> found;
    const auto prefix = waiting_prefix(project_ref);
    if (most == 0) return found;
    store_->scan(families::dead_letters, prefix + keys::of(position{after.value + 1}), keys::after(prefix), [&](std::string_view, std::string_view value) {
      if (auto entry = find_dead_letter({keys::get_uuid(value)})) found.push_back(std::move(*entry));
      return found.size() < most;
    });
    return found;
  }

  void each_waiting_reference(const std::function<void(std::string_view)>& visit) const override {
    store_->scan(families::dead_letters, "R", keys::after("R"), [&](std::string_view key, std::string_view) {
      visit(key.substr(3, key.size() - 3 - 8));  // between the tag, the length and the position
      return true;
    });
  }

  std::optional<dead_letter_entry> find_dead_letter(const dead_letter_id& id) const override {
    const auto value = store_->get(families::dead_letters, letter_key(id));
    if (!value || value->size() < 9) return std::nullopt;
    dead_letter_entry entry;
    entry.id = id;
    entry.added = {keys::get_u64(*value)};
    entry.status = static_cast<dead_letter_status>((*value)[8]);
    entry.project_ref = value->substr(9);
    return entry;
  }

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
                       kv_batch& batch) {
    const auto version_now = [&](const stream_id& stream) -> std::uint64_t& {
      const auto known = versions.find(stream.name);
      return known != versions.end() ? known->second
                                     : versions.emplace(stream.name, current_version(stream)).first->second;
    };
    for (const auto& part : request.appends)
      if (part.expected && part.expected->value != version_now(part.stream))
        return tl::unexpected(append_error::version_conflict);
    if (request.rules && request.rules->value != version_now(stream_id::rules())) return tl::unexpected(append_error::stale_rules);
    // The last door before what cannot be taken back: it says nothing of why, as whoever makes events is to look for itself.
    for (const auto& part : request.appends)
      if (std::any_of(part.events.begin(), part.events.end(), [](const event& e) { return unreadable(e).has_value(); }))
        return tl::unexpected(append_error::unreadable);

    std::vector<recorded_event> placed;
    for (auto& part : request.appends) {
      auto& version = version_now(part.stream);
      for (auto& e : part.events) {
        recorded_event recorded;
        static_cast<event&>(recorded) = std::move(e);
        recorded.stream = part.stream;
        recorded.version = {++version};
        recorded.pos = {++head.last.value};
        add(recorded, request, head, batch);
        placed.push_back(std::move(recorded));
      }
    }
    add_indexes(request, placed, batch);
    for (const auto& subject : request.erased_subjects) vault_.erase(subject, batch);
    archive(request, batch);
    return placed;
  }

  void add(const recorded_event& e, const append_request& request, log_head& head, kv_batch& batch) {
    const auto pos = keys::of(e.pos);
    chain_hash hash;
    batch.put(families::events, pos, encode_record(e, head.hash, hash, vault_.seal(request.subject, e, batch)));
    head.hash = hash;
    batch.put(families::streams, stream_key(e.stream.name, e.version.value), pos);
    if (e.kind != event_kind::source || e.source_ref.empty()) return;
    batch.put(families::dedup,
              e.type == conflict_type ? conflict_key(e.source, e.source_ref, request.conflict_digest)
                                      : dedup_key(e.source, e.source_ref),
              pos);
  }

  void archive(const append_request& request, kv_batch& batch) const {
    for (const auto& [pos, place] : request.archived) {
      const auto stored = store_->get(families::events, keys::of(pos));
      if (!stored) throw store_error(fmt::format("position {} cannot be archived: it is not there", pos.value));
      batch.put(families::events, keys::of(pos), archived_value(stored_hash(*stored), place));
    }
  }

  static void add_indexes(const append_request& request, const std::vector<recorded_event>& placed, kv_batch& batch) {
    for (const auto& known : request.references) {
      batch.put(families::refs, reference_key(known, request.project.value()), {});
      batch.put(families::refs, reference_known_key(known.ref), {});
    }
    for (const auto& entry : request.customers) {
      auto key = customer_prefix(entry.customer_id);
      keys::put_uuid(key, entry.project.value);
      std::string value;
      keys::put_u64(value, static_cast<std::uint64_t>(entry.created_at.time_since_epoch().count()));
      value.push_back(entry.open ? 1 : 0);
      batch.put(families::refs, std::move(key), std::move(value));
    }
    for (auto letter : request.dead_letters) {
      if (letter.added.value == 0 && !placed.empty()) letter.added = placed.front().pos;
      std::string value = keys::of(letter.added);
      value.push_back(static_cast<char>(letter.status));
      value.append(letter.project_ref);
      batch.put(families::dead_letters, letter_key(letter.id), std::move(value));
      if (letter.project_ref.empty()) continue;
      auto waiting = waiting_prefix(letter.project_ref).append(keys::of(letter.added));
      if (letter.status == dead_letter_status::waiting) {
        std::string id;
        keys::put_uuid(id, letter.id.value);
        batch.put(families::dead_letters, std::move(waiting), std::move(id));
      } else {
        batch.remove(families::dead_letters, std::move(waiting));
      }
    }
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
