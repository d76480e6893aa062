// Event webhooks as the configuration has them.
#pragma once

#include <memory>

#include "actors/engine.hpp"
#include "actors/outbox/webhook_publisher.hpp"
#include "config/config.hpp"

namespace plo::app {

/// Starts telling those who want to be told. Throws std::runtime_error for an event that nobody can subscribe to.
[[nodiscard]] std::unique_ptr<actors::webhook_publisher> start_webhooks(const config::settings& settings, actors::engine& engine);

}  // namespace plo::app
