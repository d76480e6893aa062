// What a dead letter or a contradiction keeps of the event that a source posted.
#pragma once

#include <string>
#include <string_view>

namespace plo {

/// The payload in such an event's data, as the source wrote it, numbers included; `{}` when there is none.
[[nodiscard]] std::string letter_payload(std::string_view data);

}  // namespace plo
