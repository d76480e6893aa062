// The rules in force, read by every project when it decides.
#pragma once

#include "actors/core/published.hpp"
#include "domain/rules/rule_set.hpp"

namespace plo::actors {

using rule_book = published<rules::rule_set>;

}  // namespace plo::actors
