#include "eventstore/log.hpp"

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include <fmt/format.h>

#include "eventstore/keys.hpp"

namespace plo::eventstore {

namespace {

namespace families {
constexpr family events = 0, streams = 1, dedup = 2, refs = 3, dead_letters = 4, meta = 5;
}

const store_layout log_layout{
    {{"events", false, 64u << 20}, {"streams", true}, {"dedup", true}, {"refs", true}, {"dead_letters", true}, {"meta"}},
    true};

constexpr std::string_view format_key = "format";
constexpr std::string_view format_value = "plo-log-1";
constexpr std::string_view head_key = "head";

/// Beyond this many remembered stream versions the memory is dropped and filled again from the store.
constexpr std::size_t max_cached_streams = 200'000;

std::string stream_prefix(const stream_id& stream) {
  std::string key;
  keys::put_text(key, stream.name);
  return key;
}

std::string stream_key(const stream_id& stream, std::uint64_t version) {
  auto key = stream_prefix(stream);
  keys::put_u64(key, version);
  return key;
}

std::string dedup_key(char kind, std::string_view source, std::string_view source_ref) {
  std::string key(1, kind);
  keys::put_text(key, source);
  keys::put_text(key, source_ref);
  return key;
}
constexpr char dedup_event = 'E';
constexpr char dedup_conflict = 'C';

std::string conflict_key(std::string_view source, std::string_view source_ref, std::string_view digest) {
  return dedup_key(dedup_conflict, source, source_ref).append(digest);
}

// refs: 'R' ‖ ref ‖ kind ‖ source ‖ project → nothing, with 'K' ‖ ref → nothing, so that an unknown reference costs one look into a
// Bloom filter; and 'C' ‖ customer ‖ project → created_at ‖ open
std::string tagged_text(char tag, std::string_view text) {
  std::string key(1, tag);
  keys::put_text(key, text);
  return key;
}

std::string reference_prefix(std::string_view ref) { return tagged_text('R', ref); }
std::string reference_known_key(std::string_view ref) { return tagged_text('K', ref); }

std::string reference_key(const reference& known, const project_id& project) {
  auto key = reference_prefix(known.ref);
  key.push_back(static_cast<char>(known.kind));
  keys::put_text(key, known.source);
  keys::put_uuid(key, project.value);
  return key;
}

std::string customer_prefix(std::string_view customer_id) { return tagged_text('C', customer_id); }

// dead_letters: 'L' ‖ id → added ‖ status ‖ project_ref, and 'R' ‖ project_ref ‖ added → id while it waits
std::string letter_key(const dead_letter_id& id) {
  std::string key(1, 'L');
  keys::put_uuid(key, id.value);
  return key;
}

std::string waiting_prefix(std::string_view project_ref) { return tagged_text('R', project_ref); }

class kv_log final : public log {
public:
  explicit kv_log(std::unique_ptr<kv_store> store) : store_(std::move(store)) { recover(); }

  std::vector<append_outcome> append(std::vector<append_request> group) override {
    kv_batch batch;
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
    store_->scan(families::streams, stream_key(stream, from.value), keys::after(stream_prefix(stream)),
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

  std::optional<position> find_source_event(std::string_view source, std::string_view source_ref) const override {
    const auto value = store_->get(families::dedup, dedup_key(dedup_event, source, source_ref));
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

  std::vector<dead_letter_entry> waiting_dead_letters(std::string_view project_ref) const override {
    std::vector<dead_letter_entry> found;
    const auto prefix = waiting_prefix(project_ref);
    store_->scan(families::dead_letters, prefix, keys::after(prefix), [&](std::string_view, std::string_view value) {
      if (auto entry = find_dead_letter({keys::get_uuid(value)})) found.push_back(std::move(*entry));
      return true;
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
  static recorded_event decode(std::string_view key, std::string_view value) {
    auto event = decode_record(value);
    const position pos{keys::get_u64(key)};
    if (!event) throw store_error(fmt::format("the record at position {} is damaged: {}", pos.value, event.error()));
    if (event->pos != pos)
      throw store_error(fmt::format("the record at position {} says it is {}", pos.value, event->pos.value));
    return std::move(*event);
  }

  std::uint64_t current_version(const stream_id& stream) const {
    {
      const std::lock_guard lock(guard_);
      if (const auto known = versions_.find(stream.name); known != versions_.end()) return known->second;
    }
    if (!store_->get(families::streams, stream_key(stream, 1))) return 0;  // cheaper than a scan, and usual
    const auto prefix = stream_prefix(stream);
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
    return placed;
  }

  static void add(const recorded_event& e, const append_request& request, log_head& head, kv_batch& batch) {
    const auto pos = keys::of(e.pos);
    chain_hash hash;
    batch.put(families::events, pos, encode_record(e, head.hash, hash));
    head.hash = hash;
    batch.put(families::streams, stream_key(e.stream, e.version.value), pos);
    if (e.kind != event_kind::source || e.source_ref.empty()) return;
    batch.put(families::dedup,
              e.type == conflict_type ? conflict_key(e.source, e.source_ref, request.conflict_digest)
                                      : dedup_key(dedup_event, e.source, e.source_ref),
              pos);
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

  void recover() {
    const auto format = store_->get(families::meta, format_key);
    if (format && *format != format_value)
      throw store_error(fmt::format("the log has the format '{}', this build reads '{}'", *format, format_value));

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
    if (expected > 0 && !follows(last_record, before_last))
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
  mutable std::mutex guard_;
  log_head head_;
  std::unordered_map<std::string, std::uint64_t> versions_;
};

}  // namespace

std::unique_ptr<log> open_log(std::unique_ptr<kv_store> store) { return std::make_unique<kv_log>(std::move(store)); }

std::unique_ptr<log> make_memory_log() { return open_log(make_memory_store(log_layout)); }

std::unique_ptr<log> open_rocksdb_log(const std::filesystem::path& data_dir) {
  return open_log(open_rocksdb_store(data_dir / "log", log_layout));
}

}  // namespace plo::eventstore
