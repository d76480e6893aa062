// What operators ask for and what they are told, free of any framework.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/core/completion.hpp"
#include "domain/event/command_stamp.hpp"
#include "domain/event/ids.hpp"
#include "domain/event/ingest_event.hpp"
#include "domain/operators/account_book.hpp"
#include "domain/rules/rule_set.hpp"

namespace plo::actors {

/// What became of a command on a project.
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

/// An operator's decision about a dead letter.
struct letter_decision {
  command_stamp stamp;
  std::string comment;
};

/// What became of a command on the rules.
struct rule_reply {
  enum class outcome { done, refused, invalid, unavailable };
  outcome what = outcome::unavailable;
  position pos;  // from which on every project is judged by the changed rules; the head where nothing had to change
  std::optional<rules::rule_refusal> refusal;
  std::string reason = {};  // of what is invalid: it could not be read back
};

using rule_completion = completion<rule_reply>;

/// What became of a command on the accounts.
struct account_reply {
  enum class outcome { done, refused, invalid, unavailable };
  outcome what = outcome::unavailable;
  position pos;  // the head where nothing had to change
  std::optional<operators::account_refusal> refusal;
  operators::user_id user;
  std::string told;  // JSON object: the account as it is then, `{user_id}` where that says nothing
  std::string reason = {};  // of what is invalid: it could not be read back
};

using account_completion = completion<account_reply>;

}  // namespace plo::actors
