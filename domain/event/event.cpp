#include "domain/event/event.hpp"

#include "base/json.hpp"
#include "domain/event/command_stamp.hpp"

namespace plo {

namespace {
constexpr std::string_view project_prefix = "project:";
}

std::string_view to_string(event_kind kind) {
  switch (kind) {
    case event_kind::source: return "source";
    case event_kind::operator_: return "operator";
    case event_kind::clock: return "clock";
    case event_kind::derived: return "derived";
  }
  return "source";
}

stream_id stream_id::of(const project_id& project) {
  return {std::string(project_prefix) + project.to_string()};
}

std::optional<project_id> stream_id::project() const {
  const std::string_view text = name;
  if (!text.starts_with(project_prefix)) return std::nullopt;
  return project_id::parse(text.substr(project_prefix.size()));
}

std::string to_json(const recorded_event& e, bool accounts) {
  json_writer w;
  w.begin_object()
      .field("event_id", e.id)
      .field("position", e.pos)
      .field("stream", e.stream.name)
      .field("version", e.version)
      .field("type", e.type)
      .field("kind", to_string(e.kind))
      .field_or_null("source", e.source)
      .field_or_null("source_ref", e.source_ref)
      .field("occurred_at", e.occurred_at)
      .field("recorded_at", e.recorded_at)
      .field("causation_id", e.causation_id)
      .field_or_null("correlation_id", e.correlation_id)
      .field_or_null("operator_id", e.operator_id)
      .field("schema_version", static_cast<std::int64_t>(e.schema_version))
      .field_or_null("project_ref", e.project_ref)
      .field_or_null("order_ref", e.order_ref)
      .field_or_null("comment", e.comment)
      .field_raw("data", public_data(e, accounts))
      .end_object();
  return w.str();
}

}  // namespace plo
