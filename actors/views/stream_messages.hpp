// What the live stream says about committed events. Pure: the same events give the same messages, live or read from the log again.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/event/event.hpp"
#include "eventstore/log.hpp"

namespace plo::actors {

enum class stream_topic : std::uint8_t { projects = 1, anomalies = 2, notifications = 4, operations = 8, kpis = 16 };
[[nodiscard]] std::optional<stream_topic> parse_stream_topic(std::string_view name);

struct stream_message {
  position pos;
  stream_topic topic = stream_topic::projects;
  std::optional<project_id> project;
  std::string store_id;
  std::string severity;
  std::string text;  // `id: …\nevent: …\ndata: …\n\n`
};

using stream_messages = std::vector<std::shared_ptr<const stream_message>>;

/// The store of a project as of a position, for subscribers that follow one store: live and resumed alike.
using store_lookup = std::function<std::string(const project_id&, position)>;

/// The messages of whole commits, in log order, at most one per position.
[[nodiscard]] stream_messages messages_of(std::span<const recorded_event> events, const store_lookup& store_of);

/// The messages of the log after `place`, up to `last`, of about `most` events; `place` moves on.
[[nodiscard]] stream_messages read_messages(const eventstore::log& log, position& place, position last, std::size_t most, const store_lookup& store_of);

/// Whether events of this type announce themselves, under their own name.
[[nodiscard]] bool announces_itself(std::string_view type);

/// A message's event name and data, as they stand in its text.
struct message_parts {
  std::string_view name, data;
};
[[nodiscard]] message_parts parts_of(const stream_message& message);

/// What a subscriber wants. Empty fields: everything.
struct stream_filter {
  unsigned topics = 0;  // stream_topic bits; 0: all
  std::optional<project_id> project;
  std::string store_id;
  std::string severity;
  [[nodiscard]] bool matches(const stream_message& message) const;
  auto operator<=>(const stream_filter&) const = default;
};

}  // namespace plo::actors
