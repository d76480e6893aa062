// How notifications leave the house, from the configuration.
#pragma once

#include "actors/outbox/settings.hpp"
#include "config/config.hpp"

namespace plo::app {

/// Throws std::runtime_error when the texts of the language cannot be used.
[[nodiscard]] actors::outbox_settings outbox_settings_of(const config::settings& settings, actors::outbox_mode mode);

}  // namespace plo::app
