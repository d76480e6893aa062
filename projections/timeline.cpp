#include "projections/timeline.hpp"

#include <unordered_map>

#include "domain/catalogue.hpp"
#include "domain/json.hpp"
#include "eventstore/keys.hpp"

namespace plo::projections {

namespace keys = eventstore::keys;

namespace {

// 'E' ‖ project ‖ occurred_at ‖ position → JSON item, and 'N' ‖ project → number of items.
std::string project_prefix(char tag, const project_id& id) {
  std::string key(1, tag);
  keys::put_uuid(key, id.value);
  return key;
}

std::string item_key(const project_id& id, const recorded_event& e) {
  auto key = project_prefix('E', id);
  keys::put_u64(key, static_cast<std::uint64_t>(e.occurred_at.time_since_epoch().count()) ^ (1ull << 63));
  keys::put_u64(key, e.pos.value);
  return key;
}

std::string order_ref_of(const recorded_event& e) {
  if (!e.order_ref.empty()) return e.order_ref;
  if (e.data.find("\"order_ref\"") == std::string::npos) return {};
  const auto document = json_document::parse(e.data);
  if (!document) return {};
  return std::string(json::get_string(document->root(), "order_ref").value_or(""));
}

std::string item(const recorded_event& e, const std::vector<position>& caused) {
  const auto* known = find_type(e.type);
  json_writer json;
  json.begin_object();
  json.field("position", e.pos).field("event_id", e.id).field("type", e.type).field("kind", to_string(e.kind));
  json.field_or_null("source", e.source).field_or_null("source_ref", e.source_ref);
  json.field("occurred_at", e.occurred_at).field("recorded_at", e.recorded_at);
  json.key("step_type");
  if (known != nullptr && known->step)
    json.value(to_string(*known->step));
  else
    json.null();
  json.field_or_null("order_ref", order_ref_of(e));
  json.field("severity", to_string(known != nullptr ? known->severity : event_severity::info));
  json.field_or_null("operator_id", e.operator_id).field_or_null("comment", e.comment);
  json.field_raw("payload", e.data);
  json.key("caused").begin_array();
  for (const auto& pos : caused) json.value(pos);
  json.end_array().end_object();
  return json.str();
}

class timeline_projection final : public projection {
public:
  std::string_view name() const override { return "timeline"; }
  std::uint32_t schema_version() const override { return 1; }
  eventstore::family rows() const override { return families::timeline; }

  void apply(const projection_input& input, const eventstore::kv_reader& views,
             eventstore::kv_batch& batch) override {
    // What an event caused is in the same commit, so in the same step.
    std::unordered_map<event_id, std::vector<position>> caused;
    for (const auto& e : input.events)
      if (e.causation_id) caused[*e.causation_id].push_back(e.pos);
    std::unordered_map<project_id, std::uint64_t> added;
    static const std::vector<position> nothing;
    for (const auto& e : input.events) {
      const auto id = e.stream.project();
      if (!id) continue;
      const auto found = caused.find(e.id);
      batch.put(rows(), item_key(*id, e), item(e, found == caused.end() ? nothing : found->second));
      ++added[*id];
    }
    for (const auto& [id, count] : added) {
      const auto key = project_prefix('N', id);
      const auto before = views.get(rows(), key);
      std::string value;
      keys::put_u64(value, (before ? keys::get_u64(*before) : 0) + count);
      batch.put(rows(), key, std::move(value));
    }
  }
};

}  // namespace

std::unique_ptr<projection> make_timeline() { return std::make_unique<timeline_projection>(); }

page list_timeline(const eventstore::kv_reader& views, const project_id& id, const page_request& request) {
  page result;
  const auto prefix = project_prefix('E', id);
  json_writer items;
  items.begin_array();
  std::size_t taken = 0;
  std::string last_key;
  views.scan(families::timeline, request.after ? prefix + *request.after + '\0' : prefix, keys::after(prefix),
             [&](std::string_view key, std::string_view value) {
               if (taken == request.limit) {
                 result.next = last_key;
                 return false;
               }
               items.raw(value);
               last_key = key.substr(prefix.size());
               ++taken;
               return true;
             });
  items.end_array();
  result.items = items.str();
  const auto count = views.get(families::timeline, project_prefix('N', id));
  result.total = count ? keys::get_u64(*count) : 0;
  return result;
}

}  // namespace plo::projections
