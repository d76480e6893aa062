// What an operator's event says about the request behind it: who sent it, and how to answer the same request again.
#pragma once

#include <string>
#include <string_view>

#include "domain/event/event.hpp"

namespace plo {

/// The member of an event's data that holds the Idempotency-Key; public_data leaves it out.
inline constexpr std::string_view idempotency_member = "idempotency";

struct command_stamp {
  std::string operator_id;
  std::string key;     // Idempotency-Key; empty: the request had none, and what follows does not matter
  std::string digest;  // of the request, hex
  std::string part;    // which one, where one request records several events
  unsigned status = 200;
  std::string answer;  // the answer's JSON object without its position, which comes last; empty: `{"project_id"}` of the event's project
};

/// Puts the stamp on the event whose position the request is answered with. `e.data` must be a JSON object and complete.
void put_stamp(event& e, const command_stamp& by);

/// An answer as JSON object with the position behind everything else.
[[nodiscard]] std::string with_position(std::string answer, position pos);

/// The data as everybody may see it: without what serves PLO alone (Idempotency-Keys) and without secrets (password hashes). Every view
/// of an event goes through it. Without `accounts` an event about an account tells its id and name alone.
[[nodiscard]] std::string public_data(const event& e, bool accounts = true);

}  // namespace plo
