// Operators' commands: what their events say about who gave them.
#pragma once

#include <string>

#include "actors/core/commands.hpp"
#include "domain/event/command_stamp.hpp"
#include "http/server/router.hpp"
#include "http/server/service.hpp"

namespace plo::http {

/// The author of the request, and its Idempotency-Key if it has one. `told` is what the request will be answered with, as a JSON object
/// without its position, which comes last; without it `{"project_id"}` of the event's project.
[[nodiscard]] command_stamp stamp_of(const request& r, std::string told = {}, unsigned status = 200);

/// Puts it on the event whose position the request is answered with. The event's data must be complete by then.
void stamp(event& e, const request& r, std::string told = {}, unsigned status = 200);

/// Has the engine carry out a command on a project; with a nil id, one that creates a project.
[[nodiscard]] task<actors::command_reply> carry_out(service& s, const project_id& project, event& input);

/// Whether an account of this id is there and active: something can be assigned to it.
[[nodiscard]] bool is_active_user(const service& s, std::string_view user_id);

/// 200, or what a command that was not carried out is answered with.
[[nodiscard]] unsigned status_of(const actors::command_reply& reply);
[[nodiscard]] problem problem_of(const actors::command_reply& reply);

}  // namespace plo::http
