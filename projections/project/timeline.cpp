#include "projections/project/timeline.hpp"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "base/json.hpp"
#include "domain/event/catalogue.hpp"
#include "domain/event/command_stamp.hpp"
#include "eventstore/kv/keys.hpp"

namespace plo::projections {

namespace keys = eventstore::keys;

namespace {

/// The place of an event in the timeline, as the key of its cursor.
std::string place_of(const recorded_event& e) {
  std::string key;
  keys::put_time(key, e.occurred_at);
  keys::put_u64(key, e.pos.value);
  return key;
}

position position_of(std::string_view place) { return {keys::get_u64(place.substr(place.size() - sizeof(std::uint64_t)))}; }

std::string order_ref_of(const recorded_event& e) {
  if (!e.order_ref.empty()) return e.order_ref;
  if (e.data.find("\"order_ref\"") == std::string::npos) return {};
  const auto document = json_document::parse(e.data);
  if (!document) return {};
  return std::string(json::get_string(document->root(), "order_ref").value_or(""));
}

/// What a rule found has the severity that the rule gave it.
std::string severity_of(const recorded_event& e, const catalogue_entry* known) {
  if (e.type.starts_with("anomaly."))
    if (const auto data = json_document::parse(e.data))
      if (const auto given = json::get_string(data->root(), "severity")) return std::string(*given);
  return std::string(to_string(known != nullptr ? known->severity : event_severity::info));
}

void write_item(json_writer& json, const recorded_event& e, const std::vector<position>& caused) {
  const auto* known = find_type(e.type);
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
  json.field("severity", severity_of(e, known));
  json.field_or_null("operator_id", e.operator_id).field_or_null("comment", e.comment);
  json.field_raw("payload", public_data(e));
  json.key("caused").begin_array();
  for (const auto& pos : caused) json.value(pos);
  json.end_array().end_object();
}

}  // namespace

std::optional<page> list_timeline(const eventstore::log& log, const project_id& id, const page_request& request,
                                  const known_by& then) {
  // Of each event its place alone: payloads may be large, and most of them are on other pages.
  struct place {
    std::string key;
    event_id id;
  };
  std::vector<place> places;
  std::unordered_map<event_id, std::vector<position>> caused;
  log.read_stream(stream_id::of(id), {1}, [&](const recorded_event& e) {
    if (!then.knows(e)) return true;
    places.push_back({place_of(e), e.id});
    if (e.causation_id) caused[*e.causation_id].push_back(e.pos);
    return true;
  });
  if (places.empty()) return std::nullopt;
  std::sort(places.begin(), places.end(), [](const place& a, const place& b) { return a.key < b.key; });

  page result;
  result.total = places.size();
  json_writer items;
  items.begin_array();
  std::size_t taken = 0;
  const auto first = request.after ? std::upper_bound(places.begin(), places.end(), *request.after, [](const std::string& key, const place& p) { return key < p.key; })
                                   : places.begin();
  for (auto at = first; at != places.end(); ++at) {
    if (taken == request.limit || (taken > 0 && items.view().size() > max_page_bytes)) {
      result.next = std::prev(at)->key;
      break;
    }
    if (const auto e = log.at(position_of(at->key))) write_item(items, *e, caused[at->id]);
    ++taken;
  }
  items.end_array();
  result.items = items.str();
  return result;
}

}  // namespace plo::projections
