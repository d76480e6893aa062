// All read models of projects, and what they share.
#pragma once

#include "domain/project/project.hpp"
#include "projections/core/projection.hpp"

namespace plo::projections {

[[nodiscard]] view_module make_project_views(const view_context& context, const domain_settings& settings);

}  // namespace plo::projections
