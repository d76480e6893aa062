// The steps of the life cycle, concluded from facts and from the other conclusions. Internal to conclude.cpp.
#pragma once

#include <optional>
#include <vector>

#include "domain/conclude.hpp"

namespace plo::fold {

[[nodiscard]] std::vector<step> order_steps(const project_state& state, const order& o, const order_conclusions& concluded);
[[nodiscard]] std::vector<step> project_steps(const project_state& state, const conclusions& all, const domain_settings& settings);
[[nodiscard]] std::vector<step> installation_steps(const project_state& state, const conclusions& all, const domain_settings& settings);

/// When the consolidation became complete; empty when it is not.
[[nodiscard]] std::optional<instant> consolidation_complete_at(const project_state& state);

/// When the first required order arrived.
[[nodiscard]] std::optional<instant> consolidation_started_at(const project_state& state);

/// Arrived, or covered by a consolidation.complete that came after its confirmation.
[[nodiscard]] std::optional<instant> counted_as_arrived_at(const project_state& state, const order& o);

}  // namespace plo::fold
