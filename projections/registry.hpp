// All read models of PLO: the one place of this layer that knows every module.
#pragma once

#include "domain/project/project.hpp"
#include "projections/core/projection.hpp"

namespace plo::projections {

/// Keeps the settings.
[[nodiscard]] view_plan all_views(domain_settings settings);

}  // namespace plo::projections
