// What operators decide about dead letters.
#pragma once

#include <string>

#include "actors/core/commands.hpp"
#include "domain/event/command_stamp.hpp"

namespace plo::actors {

/// An operator's decision about a dead letter.
struct letter_decision {
  command_stamp stamp;
  std::string comment;
};

}  // namespace plo::actors
