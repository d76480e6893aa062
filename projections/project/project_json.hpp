// A project's state in the JSON of the contract (API.md, "Settled shapes").
#pragma once

#include <cstdint>
#include <optional>

#include "base/json.hpp"
#include "domain/project/project.hpp"
#include "domain/risk/estimate.hpp"
#include "domain/rules/rule_set.hpp"

namespace plo::projections {

/// What should happen next to a project: its earliest step, in life-cycle order, that is neither completed nor skipped.
struct next_action {
  std::optional<step_type> step;
  std::optional<instant> at;
};
[[nodiscard]] next_action next_action_of(const project_state& project);

/// The fields of a list item, without the braces.
void write_project_item(json_writer& json, const project_state& project, position last, std::optional<double> risk = {});
/// The whole project.
/// `rules` and `settings` tell the next deadlines.
void write_project_detail(json_writer& json, const project_state& project, position last, const rules::rule_set& rules,
                          const domain_settings& settings, const std::optional<risk::estimate>& risk, std::string_view tracking_token);

}  // namespace plo::projections
