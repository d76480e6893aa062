// Idempotency-Key: a command that is sent again is answered again, not carried out again.
//
// The key and a digest of the request travel in the event that the command records (operator_command.hpp), in the same commit; a read
// model folds them. So the promise holds over a crash at any moment: either the event is there and tells the answer, or nothing happened.
// What was carried out (2xx) is answered again for 24 hours; a refusal recorded nothing, and the command is judged afresh.
#pragma once

#include <optional>

#include "http/server/router.hpp"
#include "http/server/service.hpp"

namespace plo::http {

inline constexpr std::size_t max_idempotency_key_bytes = 128;

/// Hands the request to its route, or answers for it: as it was answered before; 409 when the key belongs to another request or the
/// first one is still under way; 422 when the key is empty, too long or not visible ASCII.
[[nodiscard]] task<answer> answer_once(service& s, const route& to, request& r);

/// Where one request records several events: the position of the part that an earlier try recorded already.
[[nodiscard]] std::optional<position> recorded_part(service& s, const request& r, std::string_view part);

}  // namespace plo::http
