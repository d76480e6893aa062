// An event: the only thing PLO stores. Everything else is a fold of events.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "domain/event/ids.hpp"

namespace plo {

/// Where a fact comes from.
enum class event_kind : std::uint8_t {
  source = 1,     // a source system said it
  operator_ = 2,  // a person did it
  clock = 3,      // a deadline passed
  derived = 4,    // PLO concluded it from the event in `causation_id`
};

[[nodiscard]] std::string_view to_string(event_kind kind);  // "source" | "operator" | "clock" | "derived"

/// The name of a stream: `project:<uuid>`, or a system stream.
struct stream_id {
  std::string name;
  auto operator<=>(const stream_id&) const = default;

  [[nodiscard]] static stream_id of(const project_id& project);
  [[nodiscard]] static stream_id dead_letters() { return {"dead-letters"}; }
  [[nodiscard]] static stream_id rules() { return {"rules"}; }
  [[nodiscard]] static stream_id clock() { return {"clock"}; }  // which clock ran, and which rules every project was looked at with
  [[nodiscard]] static stream_id outbox() { return {"outbox"}; }
  [[nodiscard]] static stream_id webhooks() { return {"webhooks"}; }  // how far event webhooks have got
  [[nodiscard]] static stream_id operators() { return {"operators"}; }  // accounts and ended sessions
  [[nodiscard]] static stream_id privacy() { return {"privacy"}; }      // whose personal data was erased
  [[nodiscard]] static stream_id archive() { return {"archive"}; }      // which events were moved to archive segments
  /// The project a `project:` stream belongs to; empty for system streams.
  [[nodiscard]] std::optional<project_id> project() const;
};

/// The current version of the `data` that this build writes; older ones are brought up by upcast.hpp when read.
inline constexpr std::uint16_t current_schema_version = 1;

/// An event before the log has given it a place.
struct event {
  event_id id;
  std::string type;  // `entity.action`
  event_kind kind = event_kind::source;
  std::string source;      // source system; empty for events that no source sent
  std::string source_ref;  // the source's own id of this event: `source` + `source_ref` is stored once
  instant occurred_at{};   // the source's time
  instant recorded_at{};   // ours
  std::optional<event_id> causation_id;
  std::string correlation_id;
  std::string operator_id;
  std::uint16_t schema_version = current_schema_version;
  std::string project_ref;  // as the source sent it; empty when it named the project by id
  std::string order_ref;    // the ingest body's own `order_ref`, when given
  position found_at;        // of a source's event: the log's next position when its project was looked for; 0: it was named by its id
  std::string comment;
  std::string data = "{}";  // JSON object, minified: a source event's payload as it came, a derived event's body

  bool operator==(const event&) const = default;
};

/// An event in the log.
struct recorded_event : event {
  position pos;
  stream_id stream;
  stream_version version;
  position commit;  // of the first event that was stored together with it; 0 in logs of before, which do not say

  bool operator==(const recorded_event&) const = default;
};

/// True when it stands right behind what caused it, in the same commit. What became of a notification is caused by its request, but comes
/// whenever it comes; an operator's event has a cause where it attaches a dead letter.
[[nodiscard]] inline bool follows_its_cause(const recorded_event& e) {
  if (e.stream == stream_id::outbox() || e.stream == stream_id::webhooks()) return false;
  return e.kind == event_kind::derived || (e.kind == event_kind::operator_ && e.causation_id);
}

/// Whether a commit begins with it. Where the log does not say, with each event that does not follow its cause.
[[nodiscard]] inline bool begins_commit(const recorded_event& e) { return e.commit.value != 0 ? e.commit == e.pos : !follows_its_cause(e); }

/// The envelope as JSON: `{event_id, position, stream, version, type, kind, source, source_ref, occurred_at, recorded_at,
/// causation_id, correlation_id, operator_id, schema_version, project_ref, order_ref, comment, data}`; absent texts are null.
/// `accounts`: whether whoever reads it may see accounts' addresses and roles.
[[nodiscard]] std::string to_json(const recorded_event& e, bool accounts = true);

}  // namespace plo
