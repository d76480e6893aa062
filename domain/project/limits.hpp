// How large a project may become: what one event may bring, and what all of them together may.
//
// Bounds are for the door. A fold enforces none of them, so that a log from before there were any stays readable.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "domain/event/ingest_event.hpp"

namespace plo {

struct event;
struct project_state;

/// Why the event would make the project larger than `limits` allow; `errors` name the field and the bound. Empty: it fits. What does not
/// grow is never refused, so that a project that is too large already goes on.
[[nodiscard]] std::optional<ingest_error> exceeds(const project_state& state, const event& e, const ingest_limits& limits);

}  // namespace plo
