// The whole of a project: its stream, folded when somebody asks.
#pragma once

#include <optional>
#include <string>

#include "domain/project.hpp"
#include "domain/rules/rule_set.hpp"
#include "eventstore/log.hpp"

namespace plo::projections {

/// The project's JSON document as it was known at an instant (recorded by then; empty: now). Empty when the project did not exist.
/// `rules` are those in force, which tell the next deadlines. The cost grows with the project's own events, not with the number of projects.
[[nodiscard]] std::optional<std::string> find_project(const eventstore::log& log, const project_id& id,
                                                      const rules::rule_set& rules, const domain_settings& settings, std::optional<instant> at = {});

}  // namespace plo::projections
