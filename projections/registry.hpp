// All read models of PLO: the one place of this layer that knows every module.
#pragma once

#include <filesystem>
#include <memory>

#include "domain/project/project.hpp"
#include "projections/core/projection.hpp"

namespace plo::projections {

/// Keeps the settings.
[[nodiscard]] view_plan all_views(domain_settings settings);

/// The store under the read models of a data directory, for whoever proves them. Throws store_error when there is none.
[[nodiscard]] std::unique_ptr<eventstore::kv_store> open_views_store(const std::filesystem::path& data_dir, eventstore::open_mode mode);

}  // namespace plo::projections
