// Whether an event can be read back once it is stored.
#pragma once

#include <optional>
#include <string>

#include "domain/event/event.hpp"

namespace plo {

/// Why the log must not take the event: its data is no JSON object that the readers' limits allow, a text of its envelope is not UTF-8, or
/// an instant does not come back as it was written. Empty: it reads back. A sentence for people. Costs about half a microsecond.
[[nodiscard]] std::optional<std::string> unreadable(const event& e);

}  // namespace plo
