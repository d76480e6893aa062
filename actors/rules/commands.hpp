// What whoever changes the rules is told.
#pragma once

#include <optional>
#include <string>

#include "actors/core/completion.hpp"
#include "domain/event/command_stamp.hpp"
#include "domain/event/ids.hpp"
#include "domain/rules/rule_set.hpp"

namespace plo::actors {

/// What became of a command on the rules.
struct rule_reply {
  enum class outcome { done, refused, invalid, unavailable };
  outcome what = outcome::unavailable;
  position pos;  // from which on every project is judged by the changed rules; the head where nothing had to change
  std::optional<rules::rule_refusal> refusal;
  std::string reason = {};  // of what is invalid: it could not be read back
};

using rule_completion = completion<rule_reply>;

}  // namespace plo::actors
