// What whoever changes the accounts is told.
#pragma once

#include <optional>
#include <string>

#include "actors/core/completion.hpp"
#include "domain/event/command_stamp.hpp"
#include "domain/event/ids.hpp"
#include "domain/operators/account_book.hpp"

namespace plo::actors {

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
