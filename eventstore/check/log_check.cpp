#include "eventstore/check/log_check.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "domain/event/readable.hpp"
#include "eventstore/check/log_check_parts.hpp"
#include "eventstore/kv/keys.hpp"
#include "eventstore/log_layout.hpp"

namespace plo::eventstore {

void fault_list::add(position at, std::string what) {
  ++total_;
  if (kept_.size() < most_) kept_.push_back({at, std::move(what)});
}

std::vector<log_fault> fault_list::sorted() const {
  auto faults = kept_;
  const auto place = [](const log_fault& f) { return f.at.value == 0 ? UINT64_MAX : f.at.value; };
  std::stable_sort(faults.begin(), faults.end(), [&](const auto& a, const auto& b) { return place(a) < place(b); });
  return faults;
}

namespace checking {

namespace families = layout::families;

std::optional<std::string_view> key_reader::take(std::size_t size) {
  if (rest_.size() < size) return std::nullopt;
  const auto part = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return part;
}

std::optional<std::string_view> key_reader::text() {
  const auto size = take(2);
  if (!size) return std::nullopt;
  return take(static_cast<std::size_t>(static_cast<std::uint8_t>((*size)[0]) << 8 | static_cast<std::uint8_t>((*size)[1])));
}

std::optional<std::uint64_t> key_reader::number() {
  const auto bytes = take(8);
  return bytes ? std::optional(keys::get_u64(*bytes)) : std::nullopt;
}

namespace {

/// Goes along the chain.
class events_pass {
public:
  events_pass(pass& p, index_fold& indexes) : p_(p), indexes_(indexes), heads_(p.options.heads) {
    std::sort(heads_.begin(), heads_.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  }

  event_counts run() {
    try {
      p_.store.scan(families::events, {}, {}, [&](std::string_view key, std::string_view value) {
        take(key, value);
        p_.step();
        return true;
      });
    } catch (const store_error& failure) {
      p_.faults.add({last_ + 1}, fmt::format("the store cannot be read behind position {}: {}", last_, failure.what()));
    }
    counts_.head = {{last_}, hash_};
    for (; next_head_ < heads_.size(); ++next_head_) {
      const auto& missing = heads_[next_head_];
      p_.faults.add({last_ + 1}, fmt::format("the log ends at position {}, before the position {} of {}", last_, missing.at.value, missing.name));
    }
    return counts_;
  }

private:
  void take(std::string_view key, std::string_view value) {
    const position pos{keys::get_u64(key)};
    if (key.size() != 8) return p_.faults.add({last_ + 1}, fmt::format("behind position {} stands a key of {} bytes", last_, key.size()));
    if (pos.value != last_ + 1)
      p_.faults.add({last_ + 1}, pos.value == last_ + 2 ? fmt::format("position {} is missing", last_ + 1)
                                                        : fmt::format("positions {} to {} are missing", last_ + 1, pos.value - 1));
    const bool gap = pos.value != last_ + 1;
    last_ = pos.value;
    ++counts_.events;
    judge(pos, value, gap);
    hash_ = stored_hash(value);
    compare_heads(pos);
  }

  void judge(position pos, std::string_view value, bool gap) {
    std::string unpacked;
    if (is_archived(value)) {
      try {
        unpacked = p_.archive.read(pos, value);
        value = unpacked;
      } catch (const store_error& failure) {
        return p_.faults.add(pos, failure.what());
      }
    }
    // Behind a gap nobody knows what came before.
    if (!gap && !follows(value, hash_)) return p_.faults.add(pos, fmt::format("the record at position {} does not match its hash", pos.value));
    const auto decoded = decode_record(value);
    if (!decoded) return p_.faults.add(pos, fmt::format("the record at position {} cannot be read: {}", pos.value, decoded.error()));
    const auto& e = decoded->event;
    if (e.pos != pos) return p_.faults.add(pos, fmt::format("the record at position {} says that it is {}", pos.value, e.pos.value));
    // Such an event is on every page and in no state. Where something is sealed, this is about what stands around it.
    if (const auto why = unreadable(e)) p_.faults.add(pos, fmt::format("the event at position {} cannot be read back: {}", pos.value, *why));
    const auto placed = p_.store.get(families::streams, layout::stream_key(e.stream.name, e.version.value));
    if (placed != keys::of(e.pos))
      p_.faults.add(e.pos, fmt::format("the index of streams does not have {} version {} at position {}", e.stream.name, e.version.value, e.pos.value));
    indexes_.add(e);
  }

  void compare_heads(position pos) {
    for (; next_head_ < heads_.size() && heads_[next_head_].at <= pos; ++next_head_) {
      const auto& head = heads_[next_head_];
      if (head.at == pos && head.hash == hash_) continue;
      p_.faults.add(head.at, fmt::format("the history up to position {} is not the one of {}: the hash there was {}, now it is {}", head.at.value,
                                         head.name, to_hex(head.hash), head.at == pos ? to_hex(hash_) : "gone"));
    }
  }

  pass& p_;
  index_fold& indexes_;
  std::vector<known_head> heads_;
  std::size_t next_head_ = 0;
  std::uint64_t last_ = 0;
  chain_hash hash_ = genesis_hash;
  event_counts counts_;
};

}  // namespace

event_counts check_events(pass& p, index_fold& indexes) { return events_pass(p, indexes).run(); }

void check_head(pass& p, const event_counts& counts) {
  if (p.store.get(families::meta, layout::format_key) != layout::format_value) p.faults.add({}, "the meta data does not name the format of this log");
  const auto recorded = p.store.get(families::meta, layout::head_key);
  if (!recorded && counts.events == 0) return;
  if (!recorded || recorded->size() != 8 + sizeof(chain_hash)) return p.faults.add({counts.head.last.value + 1}, "the log has no head: its meta data is missing");
  const position last{keys::get_u64(*recorded)};
  if (last != counts.head.last)
    p.faults.add({std::min(last.value, counts.head.last.value) + 1},
                 fmt::format("the head says that {} events were stored; the last one is {}", last.value, counts.head.last.value));
  else if (stored_hash(std::string_view(*recorded).substr(8)) != counts.head.hash)
    p.faults.add(last, fmt::format("the hash at position {} is not the one that the head recorded", last.value));
}

}  // namespace checking

log_check_report check_log(const kv_reader& store, const archive_reader& archive, const log_check_options& options) {
  fault_list faults(options.most_faults);
  checking::pass p{store, archive, options, faults};
  log_check_report report;
  if (const auto head = store.get(layout::families::meta, layout::head_key)) p.total = 2 * keys::get_u64(*head);
  const auto guarded = [&](std::string_view index, auto&& check) {
    try {
      check();
    } catch (const store_error& failure) {
      faults.add({}, fmt::format("{} cannot be read: {}", index, failure.what()));
    }
  };
  checking::index_fold indexes(store);
  const auto counts = checking::check_events(p, indexes);
  const bool events_are_whole = faults.total() == 0;
  guarded("the head", [&] { checking::check_head(p, counts); });
  guarded("the index of streams", [&] { report.streams = checking::check_streams(p, counts); });
  // What is said of a damaged event would be told again as an index that says something else.
  if (events_are_whole) guarded("the indexes", [&] { indexes.compare(p); });
  if (options.progress) options.progress(p.total, p.total);
  report.events = counts.events;
  report.head = counts.head;
  report.faults = faults.sorted();
  report.faults_total = faults.total();
  return report;
}

}  // namespace plo::eventstore
