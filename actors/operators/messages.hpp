// What the accounts are told.
#pragma once

#include <memory>
#include <string>

#include "actors/core/messages.hpp"
#include "actors/operators/commands.hpp"

namespace plo::actors {

/// → accounts entity.
struct account_input {
  std::shared_ptr<operators::account_command> command;
  command_stamp by;
  std::string comment;
  account_completion done;
};

using account_inputs = entity_inputs<account_input>;

}  // namespace plo::actors

PLO_LOCAL_MESSAGE(plo::actors::account_inputs)
