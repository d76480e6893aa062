#include "projections/project/dead_letters.hpp"

#include <array>
#include <unordered_map>

#include "base/json.hpp"
#include "domain/event/dead_letter.hpp"
#include "eventstore/index/dead_letters.hpp"
#include "eventstore/index/sources.hpp"
#include "eventstore/kv/keys.hpp"
#include "projections/core/index_page.hpp"
#include "projections/project/families.hpp"

namespace plo::projections {

namespace keys = eventstore::keys;

namespace {

constexpr std::string_view letter_waiting = "waiting", letter_attached = "attached", letter_discarded = "discarded";

// 'R' ‖ letter → position ‖ received_at ‖ project ‖ texts. The payload stays in the log: there it can be erased.
std::string letter_key(const uuid& id) {
  std::string key(1, 'R');
  keys::put_uuid(key, id);
  return key;
}

struct letter_row {
  dead_letter_id id;
  position added;
  instant received_at{};
  project_id project;  // nil: none
  std::string kind, status, source, source_ref, event_type, project_ref, reason;
};

auto letter_texts(auto& row) {
  return std::array{&row.kind, &row.status, &row.source, &row.source_ref, &row.event_type, &row.project_ref, &row.reason};
}

std::string encode_letter(const letter_row& row) {
  std::string out;
  keys::put_u64(out, row.added.value);
  keys::put_time(out, row.received_at);
  keys::put_uuid(out, row.project.value);
  for (const auto* text : letter_texts(row)) keys::put_text(out, std::string_view(*text).substr(0, 0xffff));
  return out;
}

letter_row decode_letter(const dead_letter_id& id, std::string_view in) {
  letter_row row;
  row.id = id;
  row.added = {keys::get_u64(in)};
  row.received_at = keys::get_time(in.substr(8));
  row.project = {keys::get_uuid(in.substr(16))};
  in.remove_prefix(32);
  for (auto* text : letter_texts(row)) *text = keys::take_text(in);
  return row;
}

void write_letter(json_writer& json, const letter_row& row, const eventstore::log& log) {
  json.begin_object().field("dead_letter_id", row.id).field("kind", row.kind).field("source", row.source).field("source_ref", row.source_ref);
  json.field("event_type", row.event_type).field_or_null("project_ref", row.project_ref).field("received_at", row.received_at);
  json.field("reason", row.reason).field("status", row.status);
  json.field("project_id", row.project.is_nil() ? std::nullopt : std::optional(row.project));
  const auto added = log.at(row.added);
  json.field_raw("payload", added ? letter_payload(added->data) : "{}").end_object();
}

void stage_letter(staged_rows& staged, const letter_row& row) {
  staged.put(row.id.value, {row.kind, row.status}, {static_cast<std::int64_t>(row.added.value)});
}

class dead_letters_projection final : public projection {
public:
  explicit dead_letters_projection(facet_index& index) : index_(index) {}

  std::uint32_t schema_version() const override { return 2; }
  row_family rows() const override { return families::dead_letters; }

  void load(const row_reader& views) override {
    staged_rows all;
    views.scan(rows(), "R", "S", [&](std::string_view key, std::string_view value) {
      const dead_letter_id id{keys::get_uuid(key.substr(1))};
      stage_letter(all, decode_letter(id, value));
      all.apply_to(index_);
      return true;
    });
  }

  void apply(event_pointers events, const row_reader& views, row_batch& batch) override {
    staged_.clear();
    letters changed;
    for (const auto* e : events)
      if (e->stream == stream_id::dead_letters()) fold(*e, views, changed);
    for (const auto& [id, row] : changed) {
      batch.put(rows(), letter_key(id), encode_letter(row));
      stage_letter(staged_, row);
    }
  }

  void publish() override { staged_.apply_to(index_); }

private:
  using letters = std::unordered_map<uuid, letter_row>;

  void fold(const recorded_event& e, const row_reader& views, letters& changed) const {
    const auto data = json_document::parse(e.data);
    if (!data || !data->root().is_object()) return;
    const auto text = [&](const char* name) { return std::string(json::get_string(data->root(), name).value_or("")); };
    const auto id = dead_letter_id::parse(text("dead_letter_id"));
    if (!id) return;
    if (e.type == "dead_letter.added" || e.type == eventstore::conflict_type) {
      auto& row = changed[id->value];
      row.id = *id;
      row.added = e.pos;
      row.received_at = e.recorded_at;
      row.project = project_id::parse(text("project_id")).value_or(project_id{});
      row.kind = text("kind");
      row.status = letter_waiting;
      row.source = e.source;
      row.source_ref = e.source_ref;
      row.event_type = text("event_type");
      row.project_ref = text("project_ref");
      row.reason = text("reason");
      return;
    }
    const bool attached = e.type == "dead_letter.attached";
    if (!attached && e.type != "dead_letter.discarded") return;
    auto known = changed.find(id->value);
    if (known == changed.end()) {
      const auto stored = views.get(rows(), letter_key(id->value));
      if (!stored) return;
      known = changed.emplace(id->value, decode_letter(*id, *stored)).first;
    }
    known->second.status = attached ? letter_attached : letter_discarded;
    if (attached) known->second.project = project_id::parse(text("project_id")).value_or(project_id{});
  }

  facet_index& index_;
  staged_rows staged_;
};

}  // namespace

std::unique_ptr<projection> make_dead_letters(facet_index& index) { return std::make_unique<dead_letters_projection>(index); }

std::optional<eventstore::dead_letter_entry> find_letter(const row_reader& views, const dead_letter_id& id) {
  const auto stored = views.get(families::dead_letters, letter_key(id.value));
  if (!stored) return std::nullopt;
  const auto row = decode_letter(id, *stored);
  using status = eventstore::dead_letter_status;
  const auto stands = row.status == letter_attached ? status::attached : row.status == letter_discarded ? status::discarded : status::waiting;
  return eventstore::dead_letter_entry{id, row.project_ref, stands, row.added};
}

std::optional<std::string> dead_letter_json(const row_reader& views, const eventstore::log& log, const dead_letter_id& id) {
  const auto stored = views.get(families::dead_letters, letter_key(id.value));
  if (!stored) return std::nullopt;
  json_writer json;
  write_letter(json, decode_letter(id, *stored), log);
  return json.str();
}

page list_dead_letters(reading& views, const eventstore::log& log, const dead_letter_query& query) {
  index_query asked;
  require_facet(asked, dead_letter_index::kind, query.kind);
  require_facet(asked, dead_letter_index::status, query.status);
  asked.sort = dead_letter_index::added;
  asked.ascending = false;
  return read_page(views, views.index<dead_letter_index>(), std::move(asked), query.page, [&](json_writer& items, const uuid& id) {
    if (const auto letter = dead_letter_json(views.rows(), log, {id})) items.raw(*letter);
  });
}

}  // namespace plo::projections
