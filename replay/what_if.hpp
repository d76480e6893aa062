// History under changed rules.
#pragma once

#include <string>
#include <vector>

#include "projections/project/rule_trial.hpp"

namespace plo::replay {

/// Tries rules on the whole log against those in force at its head (projections/project/rule_trial.hpp, whose JSON it gives). The clock of the trial
/// stands where the log's stood last: `settings.now` and `settings.wall` are filled in.
[[nodiscard]] std::string what_if(const eventstore::log& log, const std::vector<rules::rule_pointer>& rules, projections::trial_settings settings);

}  // namespace plo::replay
