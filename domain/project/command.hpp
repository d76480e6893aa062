// Whether an operator's command may follow in a project's present state.
#pragma once

#include <optional>
#include <string>

#include "domain/project/project.hpp"

namespace plo {

struct command_refusal {
  enum class kind : std::uint8_t { unknown, contradiction };
  kind what = kind::contradiction;
  std::string reason;  // a sentence for people
};

/// Empty: it may. `command` is the event that would be recorded, with its times.
[[nodiscard]] std::optional<command_refusal> refuses(const project_state& state, const event& command);

}  // namespace plo
