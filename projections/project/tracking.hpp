// What a client sees of the own project: milestones and dates, nothing of how the retailer works inside.
#pragma once

#include <optional>
#include <string>

#include "domain/project/project.hpp"
#include "eventstore/log.hpp"

namespace plo::projections {

/// `{reference, project_type, status, promised_delivery_date, promised_installation_date, delivery_slot, installation_slot, milestones,
/// orders, updated_at}`; empty when there is no such project.
[[nodiscard]] std::optional<std::string> tracking_page(const eventstore::log& log, const project_id& id, const domain_settings& settings);

}  // namespace plo::projections
