// What the rules are told.
#pragma once

#include <memory>

#include "actors/core/messages.hpp"
#include "actors/rules/commands.hpp"

namespace plo::actors {

/// → rules entity.
struct rule_input {
  std::shared_ptr<rules::rule_command> command;
  command_stamp by;
  rule_completion done;
};

using rule_inputs = entity_inputs<rule_input>;

/// → directory: other rules are in force.
struct rules_published {};

}  // namespace plo::actors

PLO_LOCAL_MESSAGE(plo::actors::rule_inputs)
PLO_LOCAL_MESSAGE(plo::actors::rules_published)
