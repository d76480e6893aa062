// Operators' commands: what their events say about who gave them.
#pragma once

#include <string>

#include "domain/operators/command_stamp.hpp"
#include "http/router.hpp"

namespace plo::http {

/// The author of the request, and its Idempotency-Key if it has one. `told` is what the request will be answered with, as a JSON object
/// without its position, which comes last; without it `{"project_id"}` of the event's project.
[[nodiscard]] command_stamp stamp_of(const request& r, std::string told = {}, unsigned status = 200);

/// Puts it on the event whose position the request is answered with. The event's data must be complete by then.
void stamp(event& e, const request& r, std::string told = {}, unsigned status = 200);

}  // namespace plo::http
