// The whole of each project, ready to be sent.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "projections/read_models.hpp"

namespace plo::projections {

[[nodiscard]] std::unique_ptr<projection> make_project_detail();

/// The project's JSON document; empty when there is no such project.
[[nodiscard]] std::optional<std::string> find_project(const eventstore::kv_reader& views, const project_id& id);

}  // namespace plo::projections
