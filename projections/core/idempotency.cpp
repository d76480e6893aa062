#include "projections/core/idempotency.hpp"

#include "base/json.hpp"
#include "domain/event/command_stamp.hpp"
#include "eventstore/kv/keys.hpp"

namespace plo::projections {

namespace keys = eventstore::keys;

namespace {

// 'K' ‖ operator ‖ key ‖ part → recorded_at ‖ position ‖ status ‖ digest ‖ whether an answer follows ‖ answer. 'T' ‖ recorded_at ‖
// position → the key above, by which what is too old goes.
constexpr auto idempotency_family = families::idempotency;
constexpr std::size_t max_expired_per_step = 10'000;
constexpr std::size_t max_part_bytes = 200;

std::string command_prefix(std::string_view operator_id, std::string_view key) {
  std::string out = "K";
  keys::put_text(out, operator_id);
  keys::put_text(out, key);
  return out;
}

std::string expiry_key(instant recorded_at, position pos) {
  std::string out = "T";
  keys::put_time(out, recorded_at);
  keys::put_u64(out, pos.value);
  return out;
}

struct command_row {
  instant recorded_at{};
  position pos;
  idempotent_command command;
};

std::string encode_command(const command_row& row) {
  std::string out;
  keys::put_time(out, row.recorded_at);
  keys::put_u64(out, row.pos.value);
  keys::put_u64(out, row.command.status);
  keys::put_text(out, row.command.digest);
  out.push_back(row.command.answer ? '1' : '0');
  return out + row.command.answer.value_or("");
}

command_row decode_command(std::string_view in) {
  command_row row;
  row.recorded_at = keys::get_time(in);
  row.pos = {keys::get_u64(in.substr(8))};
  row.command.status = static_cast<unsigned>(keys::get_u64(in.substr(16)));
  in.remove_prefix(24);
  row.command.digest = keys::take_text(in);
  if (in.front() == '1') row.command.answer = in.substr(1);
  return row;
}

/// A member's text as it stands in an object; empty when it is not there.
std::string_view text_of_member(std::string_view object, json::element parsed, std::string_view name) {
  std::size_t index = 0;
  for (const auto member : simdjson::dom::object(parsed)) {
    if (std::string_view(member.key) == name) return raw_member(object, index);
    ++index;
  }
  return {};
}

/// The answer that the event promised, byte for byte, with the position that it was given.
std::string promised_answer(std::string_view stamp_text, json::element stamp, const recorded_event& e) {
  std::string told(text_of_member(stamp_text, stamp, "answer"));
  if (told.empty()) {
    json_writer json;
    json.begin_object();
    if (const auto project = e.stream.project()) json.field("project_id", *project);
    told = json.end_object().str();
  }
  return with_position(std::move(told), e.pos);
}

class idempotency_projection final : public projection {
public:
  std::uint32_t schema_version() const override { return 1; }
  row_family rows() const override { return idempotency_family; }
  bool is_acted_on() const override { return true; }

  void apply(event_pointers events, const row_reader& views, row_batch& batch) override {
    auto latest = instant::min();
    for (const auto* e : events) latest = std::max(latest, e->recorded_at);
    // First, so that a key that is used again now is not taken for its old use.
    if (!events.empty()) forget(latest - idempotency_period, views, batch);
    // What has expired within the step is not written at all: following live it would be forgotten by now.
    for (const auto* e : events)
      if (e->kind == event_kind::operator_ && e->recorded_at >= latest - idempotency_period) note(*e, batch);
  }

private:
  static void note(const recorded_event& e, row_batch& batch) {
    if (e.data.find(idempotency_member) == std::string::npos) return;
    const auto data = json_document::parse(e.data);
    const auto stamp = data ? json::get(data->root(), idempotency_member) : std::nullopt;
    if (!stamp || !stamp->is_object()) return;
    const auto part = json::get_string(*stamp, "part").value_or("").substr(0, max_part_bytes);
    command_row row;
    row.recorded_at = e.recorded_at;
    row.pos = e.pos;
    row.command.digest = json::get_string(*stamp, "digest").value_or("");
    row.command.status = static_cast<unsigned>(json::get_number(*stamp, "status").value_or(200));
    if (part.empty()) row.command.answer = promised_answer(text_of_member(e.data, data->root(), idempotency_member), *stamp, e);
    auto key = command_prefix(e.operator_id, json::get_string(*stamp, "key").value_or(""));
    keys::put_text(key, part);
    batch.put(idempotency_family, key, encode_command(row));
    batch.put(idempotency_family, expiry_key(e.recorded_at, e.pos), std::move(key));
  }

  static void forget(instant before, const row_reader& views, row_batch& batch) {
    std::size_t gone = 0;
    views.scan(idempotency_family, "T", expiry_key(before, {}), [&](std::string_view expiry, std::string_view key) {
      // The key may have been used again since.
      const auto row = views.get(idempotency_family, key);
      if (row && decode_command(*row).recorded_at < before) batch.remove(idempotency_family, std::string(key));
      batch.remove(idempotency_family, std::string(expiry));
      return ++gone < max_expired_per_step;
    });
  }
};

}  // namespace

std::unique_ptr<projection> make_idempotency() { return std::make_unique<idempotency_projection>(); }

std::optional<idempotent_command> find_idempotent(const row_reader& views, std::string_view operator_id, std::string_view key,
                                                  instant now) {
  std::optional<idempotent_command> found;
  const auto prefix = command_prefix(operator_id, key);
  views.scan(idempotency_family, prefix, keys::after(prefix), [&](std::string_view, std::string_view value) {
    auto row = decode_command(value);
    if (row.recorded_at + idempotency_period > now) found = std::move(row.command);
    return !found;
  });
  return found;
}

std::optional<position> find_idempotent_part(const row_reader& views, std::string_view operator_id, std::string_view key,
                                             std::string_view part, instant now) {
  auto row_key = command_prefix(operator_id, key);
  keys::put_text(row_key, part.substr(0, max_part_bytes));
  const auto value = views.get(idempotency_family, row_key);
  if (!value) return std::nullopt;
  const auto row = decode_command(*value);
  return row.recorded_at + idempotency_period > now ? std::optional(row.pos) : std::nullopt;
}

}  // namespace plo::projections
