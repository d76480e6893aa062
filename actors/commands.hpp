// What operators ask for and what they are told, free of any framework.
#pragma once

#include <optional>
#include <string>

#include "actors/completion.hpp"
#include "domain/ids.hpp"
#include "domain/rules/rule_set.hpp"

namespace plo::actors {

/// What became of a command on a project.
struct command_reply {
  enum class outcome {
    done,         // durable
    unknown,      // there is no such project, or no such part of it
    refused,      // it contradicts the state
    unavailable,  // not stored: the store refuses writes, or the engine stops
  };
  outcome what = outcome::unavailable;
  position pos;
  std::string reason;  // of a refusal, a sentence for people
};

using command_completion = completion<command_reply>;

/// What became of a command on the rules.
struct rule_reply {
  enum class outcome { done, refused, unavailable };
  outcome what = outcome::unavailable;
  position pos;  // from which on every project is judged by the changed rules; the head where nothing had to change
  std::optional<rules::rule_refusal> refusal;
};

using rule_completion = completion<rule_reply>;

}  // namespace plo::actors
