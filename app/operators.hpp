// Accounts from outside the running server: the first administrator, and the way in for `plo user`.
#pragma once

#include "actors/engine.hpp"
#include "config/config.hpp"
#include "http/server/settings.hpp"

namespace plo::app {

/// Where sessions and identities come from. Throws std::runtime_error when the secret of the sessions cannot be kept.
[[nodiscard]] http::auth_settings auth_settings_of(const config::settings& settings);

/// Adds the administrator of PLO_ADMIN_EMAIL and PLO_ADMIN_PASSWORD unless there is an active one. Throws std::runtime_error for
/// variables that make no account.
void add_first_admin(actors::engine& engine);

}  // namespace plo::app
