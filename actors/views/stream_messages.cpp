#include "actors/views/stream_messages.hpp"

#include <fmt/format.h>

#include "base/json.hpp"

namespace plo::actors {

namespace {

bool closes_project(const recorded_event& derived) {
  if (derived.type != "project.status_changed") return false;
  const auto document = json_document::parse(derived.data);
  if (!document) return false;
  const auto to = json::get_string(document->root(), "to");
  return to == "completed" || to == "cancelled";
}

/// The event name under which an event announces itself, whatever caused it.
std::optional<stream_topic> own_topic(std::string_view type) {
  static constexpr std::string_view announced[] = {
      "anomaly.raised",         "anomaly.acknowledged", "anomaly.escalated",   "anomaly.snoozed", "anomaly.resolved",
      "anomaly.reopened",       "notification.requested", "notification.sent", "notification.failed",
      "dead_letter.added",      "ingest.conflict",      "project.order_after_closing"};
  for (const auto name : announced) {
    if (type != name) continue;
    if (name.starts_with("anomaly.")) return stream_topic::anomalies;
    if (name.starts_with("notification.")) return stream_topic::notifications;
    return stream_topic::operations;
  }
  return std::nullopt;
}

void copy_fields(json_writer& json, const json_document& document, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const auto text = json::get_string(document.root(), name)) json.field(name, *text);
}

std::shared_ptr<const stream_message> make_message(const recorded_event& e, std::string_view name, stream_topic topic,
                                                   const store_lookup& store_of) {
  auto message = std::make_shared<stream_message>();
  message->pos = e.pos;
  message->topic = topic;
  message->project = e.stream.project();
  if (message->project) message->store_id = store_of(*message->project, e.pos);
  json_writer json;
  json.begin_object().field("position", e.pos);
  if (message->project) json.field("project_id", *message->project);
  json.field("event_id", e.id).field("type", e.type).field("occurred_at", e.occurred_at);
  json.field("recorded_at", e.recorded_at);
  if (!e.source.empty()) json.field("source", e.source).field("source_ref", e.source_ref);
  if (!message->store_id.empty()) json.field("store_id", message->store_id);
  if (topic != stream_topic::projects) {
    if (const auto document = json_document::parse(e.data)) {
      if (!message->project) {
        copy_fields(json, *document, {"project_id"});
        message->project = project_id::parse(json::get_string(document->root(), "project_id").value_or(""));
        if (message->project) message->store_id = store_of(*message->project, e.pos);
        if (!message->store_id.empty()) json.field("store_id", message->store_id);
      }
      copy_fields(json, *document,
                  {"anomaly_id", "rule_id", "severity", "notification_id", "channel", "recipient", "dead_letter_id", "kind", "reason",
                   "event_type", "project_ref", "order_ref"});
      message->severity = json::get_string(document->root(), "severity").value_or("");
    }
  }
  json.end_object();
  message->text = fmt::format("id: {}\nevent: {}\ndata: {}\n\n", e.pos.value, name, json.view());
  return message;
}

}  // namespace

std::optional<stream_topic> parse_stream_topic(std::string_view name) {
  if (name == "projects") return stream_topic::projects;
  if (name == "anomalies") return stream_topic::anomalies;
  if (name == "notifications") return stream_topic::notifications;
  if (name == "operations") return stream_topic::operations;
  if (name == "kpis") return stream_topic::kpis;
  return std::nullopt;
}

stream_messages messages_of(std::span<const recorded_event> events, const store_lookup& store_of) {
  stream_messages messages;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto& e = events[i];
    if (const auto topic = own_topic(e.type); topic && (e.kind != event_kind::source || !e.stream.project())) {
      messages.push_back(make_message(e, e.type, *topic, store_of));
      continue;
    }
    if (!e.stream.project() || e.kind == event_kind::derived) continue;
    bool closed = false;
    for (std::size_t j = i + 1; j < events.size() && events[j].causation_id == e.id; ++j)
      closed = closed || closes_project(events[j]);
    const auto name = e.version.value == 1 ? "project.opened" : closed ? "project.closed" : "project.updated";
    messages.push_back(make_message(e, name, stream_topic::projects, store_of));
  }
  return messages;
}

stream_messages read_messages(const eventstore::log& log, position& place, position last, std::size_t most, const store_lookup& store_of) {
  std::vector<recorded_event> events;
  log.read({place.value + 1}, [&](const recorded_event& e) {
    if (e.pos > last) return false;
    // Whole commits only: what an input caused stands right behind it.
    if (events.size() >= most && begins_commit(e)) return false;
    events.push_back(e);
    return true;
  });
  place = events.empty() ? last : events.back().pos;
  return messages_of(events, store_of);
}

bool announces_itself(std::string_view type) { return own_topic(type).has_value(); }

message_parts parts_of(const stream_message& message) {
  constexpr std::string_view event_field = "\nevent: ", data_field = "\ndata: ";
  const std::string_view text = message.text;
  const auto name = text.find(event_field) + event_field.size();
  const auto data = text.find(data_field, name);
  return {text.substr(name, data - name), text.substr(data + data_field.size(), text.size() - data - data_field.size() - 2)};
}

bool stream_filter::matches(const stream_message& message) const {
  if (topics != 0 && (topics & static_cast<unsigned>(message.topic)) == 0) return false;
  if (project && message.project != project) return false;
  if (!store_id.empty() && message.store_id != store_id) return false;
  return severity.empty() || message.severity == severity;
}

}  // namespace plo::actors
