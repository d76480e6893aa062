#include "eventstore/index/dead_letters.hpp"

#include <fmt/format.h>

#include "eventstore/index/sources.hpp"
#include "eventstore/kv/keys.hpp"
#include "eventstore/log_layout.hpp"

namespace plo::eventstore {

namespace {

constexpr auto family_of_letters = layout::families::dead_letters;
constexpr char letter_tag = 'L', waiting_tag = 'R';
constexpr char conflict_tag = 'X';  // 'X' ‖ id → position ‖ project_ref: a contradiction, which may be discarded like a letter

std::string letter_value(const dead_letter_entry& letter) {
  std::string value = keys::of(letter.added);
  value.push_back(static_cast<char>(letter.status));
  return value.append(letter.project_ref);
}

std::optional<dead_letter_entry> letter_of(const dead_letter_id& id, const std::optional<std::string>& value) {
  if (!value || value->size() < 9) return std::nullopt;
  dead_letter_entry entry;
  entry.id = id;
  entry.added = {keys::get_u64(*value)};
  entry.status = static_cast<dead_letter_status>((*value)[8]);
  entry.project_ref = value->substr(9);
  return entry;
}

std::string conflict_row(const dead_letter_id& id) {
  std::string key(1, conflict_tag);
  keys::put_uuid(key, id.value);
  return key;
}

std::string waiting_key(const dead_letter_entry& letter) { return layout::waiting_prefix(letter.project_ref).append(keys::of(letter.added)); }

class dead_letter_index final : public log_index {
public:
  std::string_view name() const override { return "dead letters"; }
  std::uint32_t version() const override { return 2; }
  rows own() const override { return {family_of_letters, {letter_tag, waiting_tag, conflict_tag}}; }

  void apply(const indexed_event& e, index_rows& to) const override {
    if (e->stream != stream_id::dead_letters()) return;
    if (e->type == "dead_letter.added") add({{e->id.value}, e->project_ref, dead_letter_status::waiting, e->pos}, to);
    else if (e->type == conflict_type) to.set(family_of_letters, conflict_row({e->id.value}), keys::of(e->pos).append(e->project_ref));
    else if (e->type == "dead_letter.attached") settle(e, dead_letter_status::attached, to);
    else if (e->type == "dead_letter.discarded") settle(e, dead_letter_status::discarded, to);
  }

  description describe(std::string_view key, std::string_view value) const override {
    if (key.size() < 11) return {"a row that is none", {}};
    if (key.front() == waiting_tag) {
      key.remove_prefix(1);
      const auto ref = keys::take_text(key);
      return {fmt::format("one that waits for '{}'", ref), {keys::get_u64(key)}};
    }
    const auto id = dead_letter_id{keys::get_uuid(key.substr(1))};
    const auto letter = key.front() == letter_tag ? letter_of(id, std::string(value)) : std::nullopt;
    const std::string_view is = !letter ? "a contradiction" : letter->status == dead_letter_status::waiting ? "waiting" : letter->status == dead_letter_status::attached ? "attached" : "discarded";
    return {fmt::format("{} ({})", id.to_string(), is), {value.size() < 8 ? 0 : keys::get_u64(value)}};
  }

private:
  static void add(const dead_letter_entry& letter, index_rows& to) {
    to.set(family_of_letters, layout::letter_key(letter.id), letter_value(letter));
    if (letter.project_ref.empty()) return;
    std::string id;
    keys::put_uuid(id, letter.id.value);
    to.put(family_of_letters, waiting_key(letter), std::move(id));
  }

  static void settle(const indexed_event& e, dead_letter_status status, index_rows& to) {
    const auto id = dead_letter_id::parse(e.text("dead_letter_id"));
    if (!id) return;
    auto letter = letter_of(*id, to.get(family_of_letters, layout::letter_key(*id)));
    if (!letter) {
      const auto conflict = to.get(family_of_letters, conflict_row(*id));
      if (!conflict) return;
      letter = dead_letter_entry{*id, conflict->substr(8), {}, {keys::get_u64(*conflict)}};
    }
    letter->status = status;
    to.set(family_of_letters, layout::letter_key(*id), letter_value(*letter));
    if (!letter->project_ref.empty()) to.remove(family_of_letters, waiting_key(*letter));
  }
};

}  // namespace

std::shared_ptr<const log_index> make_dead_letter_index() { return std::make_shared<dead_letter_index>(); }

std::vector<dead_letter_entry> waiting_dead_letters(const log& log, std::string_view project_ref, position after, std::size_t most) {
  std::vector<dead_letter_entry> found;
  const auto prefix = layout::waiting_prefix(project_ref);
  if (most == 0) return found;
  log.store().scan(family_of_letters, prefix + keys::of(position{after.value + 1}), keys::after(prefix), [&](std::string_view, std::string_view value) {
    if (auto entry = find_dead_letter(log, {keys::get_uuid(value)})) found.push_back(std::move(*entry));
    return found.size() < most;
  });
  return found;
}

void each_waiting_reference(const log& log, const std::function<void(std::string_view)>& visit) {
  const std::string prefix(1, waiting_tag);
  log.store().scan(family_of_letters, prefix, keys::after(prefix), [&](std::string_view key, std::string_view) {
    visit(key.substr(3, key.size() - 3 - 8));  // between the tag, the length and the position
    return true;
  });
}

std::optional<dead_letter_entry> find_dead_letter(const log& log, const dead_letter_id& id) {
  return letter_of(id, log.store().get(family_of_letters, layout::letter_key(id)));
}

}  // namespace plo::eventstore
