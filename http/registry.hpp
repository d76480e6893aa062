// All routes of PLO: the one place of this layer that knows every module.
#pragma once

#include "actors/engine.hpp"
#include "http/server/server.hpp"

namespace plo::http {

/// Everything that the server serves from this engine.
[[nodiscard]] route_plan all_routes(const actors::engine& engine);

}  // namespace plo::http
