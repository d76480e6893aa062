// What whoever gives a command is told, free of any framework.
#pragma once

#include <string>
#include <vector>

#include "actors/core/completion.hpp"
#include "domain/event/ids.hpp"
#include "domain/event/ingest_event.hpp"

namespace plo::actors {

/// What became of a command.
struct command_reply {
  enum class outcome {
    done,         // durable
    unknown,      // there is no such project, or no such part of it
    refused,      // it contradicts the state
    invalid,      // the project would become too large, or what follows could not be read back; `reason` and `errors` say why
    unavailable,  // not stored: the store refuses writes, or the engine stops
  };
  outcome what = outcome::unavailable;
  position pos;
  std::string reason;  // of a refusal, a sentence for people
  project_id project = {};  // whose stream it is in; of a command that creates one, the new one
  event_id event = {};
  std::vector<field_error> errors = {};
};

using command_completion = completion<command_reply>;

}  // namespace plo::actors
