#include "actors/project/dead_letters.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include "base/json.hpp"
#include "domain/event/dead_letter.hpp"
#include "eventstore/index/dead_letters.hpp"
#include "eventstore/index/sources.hpp"

namespace plo::actors {

namespace {

event system_event(const uuid& id, std::string_view type, event_kind kind, instant now) {
  event e;
  e.id = {id};
  e.type = type;
  e.kind = kind;
  e.occurred_at = now;
  e.recorded_at = now;
  return e;
}

/// The fields of an ingest event as the data of a letter; `payload` as it came.
void write_ingest_fields(json_writer& json, const ingest_event& e) {
  json.field("event_type", e.type);
  json.field_or_null("project_ref", e.project_ref);
  json.field("named_project_id", e.project);
  json.field_or_null("order_ref", e.order_ref);
  json.field("occurred_at", e.occurred_at);
  json.field_or_null("correlation_id", e.correlation_id);
  json.field_or_null("comment", e.comment);
  json.field_raw("payload", e.payload);
}

/// Whose data a letter holds: the customer it names, else whoever turns out to be meant by its reference.
std::string subject_of(const ingest_event& e) {
  if (!e.customer_id.empty()) return eventstore::subject_customer(e.customer_id);
  return e.project ? eventstore::subject_project(*e.project) : eventstore::subject_reference(e.project_ref);
}

}  // namespace

eventstore::append_request dead_letter_request(const ingest_event& e, const dead_letter_id& id,
                                               const dead_letter_cause& cause, instant now, position looked_at) {
  auto added = system_event(id.value, "dead_letter.added", event_kind::source, now);
  added.source = e.source;
  added.source_ref = e.source_ref;
  added.occurred_at = e.occurred_at;
  added.correlation_id = e.correlation_id;
  added.project_ref = e.project_ref;
  added.found_at = looked_at;
  json_writer json;
  json.begin_object();
  json.field("dead_letter_id", id).field("kind", to_string(cause.kind)).field("reason", cause.reason);
  write_ingest_fields(json, e);
  json.end_object();
  added.data = json.str();

  eventstore::append_request request;
  request.appends.push_back({stream_id::dead_letters(), {}, {std::move(added)}});
  request.subject = subject_of(e);
  return request;
}

eventstore::append_request conflict_request(const ingest_event& e, const recorded_event& first,
                                            const std::string& digest, instant now) {
  const dead_letter_id id{make_uuid_v7(now.time_since_epoch().count())};
  auto conflict = system_event(id.value, eventstore::conflict_type, event_kind::source, now);
  conflict.source = e.source;
  conflict.source_ref = e.source_ref;
  conflict.occurred_at = e.occurred_at;
  conflict.correlation_id = e.correlation_id;
  conflict.project_ref = e.project_ref;
  const auto first_payload = first.type == "dead_letter.added" ? details_of(first).payload : first.data;
  json_writer json;
  json.begin_object();
  json.field("dead_letter_id", id).field("kind", to_string(dead_letter_kind::conflict));
  json.field("reason", "the same source and source_ref were stored before with another payload");
  json.field("project_id", first.stream.project());
  json.field("first_event_id", first.id).field("first_position", first.pos);
  json.field("first_digest", payload_digest(first_payload)).field("digest", digest);
  write_ingest_fields(json, e);
  json.end_object();
  conflict.data = json.str();

  eventstore::append_request request;
  request.appends.push_back({stream_id::dead_letters(), {}, {std::move(conflict)}});
  const auto project = first.stream.project();
  request.subject = e.customer_id.empty() && project ? eventstore::subject_project(*project) : subject_of(e);
  return request;
}

tl::expected<ingest_event, std::string> ingest_event_of(const recorded_event& added, const ingest_limits& limits) {
  const auto document = json_document::parse(added.data);
  if (!document) return tl::unexpected(document.error().detail);
  const auto root = document->root();
  const auto details = details_of(added);
  json_writer body;
  body.begin_object();
  body.field("source", added.source).field("source_ref", added.source_ref);
  body.field("event_type", details.event_type);
  if (!details.project_ref.empty()) body.field("project_ref", details.project_ref);
  for (const char* name : {"order_ref", "correlation_id", "comment", "occurred_at"})
    if (const auto text = json::get_string(root, name)) body.field(name, *text);
  if (const auto id = json::get_string(root, "named_project_id")) body.field("project_id", *id);
  body.field_raw("payload", details.payload).end_object();

  static const event_type_map no_map;
  ingest_scope scope;
  scope.map_of = [](std::string_view) { return &no_map; };
  scope.limits = limits;
  auto e = parse_ingest_event(body.view(), scope);
  if (!e) {
    auto why = e.error().detail;
    for (const auto& field : e.error().errors) why += fmt::format("; {}: {}", field.pointer, field.message);
    return tl::unexpected(std::move(why));
  }
  return std::move(*e);
}

dead_letter_details details_of(const recorded_event& added) {
  dead_letter_details details;
  const auto document = json_document::parse(added.data);
  if (!document) return details;
  const auto root = document->root();
  details.reason = json::get_string(root, "reason").value_or("");
  details.event_type = json::get_string(root, "event_type").value_or("");
  details.project_ref = json::get_string(root, "project_ref").value_or("");
  details.payload = letter_payload(added.data);
  return details;
}

void add_attachment(const eventstore::dead_letter_entry& letter, const project_id& project, const event& attached,
                    const std::optional<letter_decision>& by, eventstore::append_request& request) {
  auto e = system_event(derive_uuid(attached.id.value, "dead_letter.attached"), "dead_letter.attached",
                        by ? event_kind::operator_ : event_kind::derived, attached.recorded_at);
  e.causation_id = attached.id;
  json_writer json;
  json.begin_object().field("dead_letter_id", letter.id).field("project_id", project).end_object();
  e.data = json.str();
  if (by) {
    e.comment = by->comment;
    put_stamp(e, by->stamp);
  }
  if (request.appends.size() == 1) request.appends.push_back({stream_id::dead_letters(), {}, {}});
  request.appends.back().events.push_back(std::move(e));
}

eventstore::append_request discard_request(const eventstore::dead_letter_entry& letter, const letter_decision& by, instant now) {
  auto e = system_event(make_uuid_v7(now.time_since_epoch().count()), "dead_letter.discarded", event_kind::operator_, now);
  e.comment = by.comment;
  json_writer json;
  json.begin_object().field("dead_letter_id", letter.id);
  if (!by.comment.empty()) json.field("comment", by.comment);
  json.end_object();
  e.data = json.str();
  put_stamp(e, by.stamp);
  eventstore::append_request request;
  request.appends.push_back({stream_id::dead_letters(), {}, {std::move(e)}});
  return request;
}

std::string payload_digest(std::string_view payload) {
  std::array<unsigned char, 16> digest{};
  crypto_generichash(digest.data(), digest.size(), reinterpret_cast<const unsigned char*>(payload.data()),
                     payload.size(), nullptr, 0);
  std::string hex(digest.size() * 2 + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
  hex.pop_back();
  return hex;
}

}  // namespace plo::actors
