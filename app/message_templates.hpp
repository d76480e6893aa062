// The texts of messages, from the form they are read in to the one they are composed from.
#pragma once

#include <string_view>

#include "domain/notifications/templates.hpp"

namespace plo::app {

/// The built-in texts of a language. Throws std::runtime_error saying what is wrong with them.
[[nodiscard]] notifications::message_templates load_message_templates(std::string_view language);

}  // namespace plo::app
