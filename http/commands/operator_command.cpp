#include "http/commands/operator_command.hpp"

#include "http/server/await.hpp"

namespace plo::http {

using actors::command_reply;

command_stamp stamp_of(const request& r, std::string told, unsigned status) {
  command_stamp by;
  by.operator_id = r.operator_id();
  if (!r.once) return by;
  by.key = r.once->key;
  by.digest = r.once->digest;
  by.status = status;
  by.answer = std::move(told);
  return by;
}

void stamp(event& e, const request& r, std::string told, unsigned status) { put_stamp(e, stamp_of(r, std::move(told), status)); }

task<command_reply> carry_out(service& s, const project_id& project, event& input) {
  auto start = [&s, &project, &input](actors::command_completion done) { s.engine.command(project, std::move(input), std::move(done)); };
  auto reply = co_await await_completion<command_reply>(start);
  co_return reply;
}

bool is_active_user(const service& s, std::string_view user_id) {
  // An identity provider's people are known to it alone.
  if (s.sessions == nullptr) return !user_id.empty();
  const auto id = plo::user_id::parse(user_id);
  const auto account = id ? s.accounts.find(*id) : std::nullopt;
  return account && account->active;
}

unsigned status_of(const command_reply& reply) {
  switch (reply.what) {
    case command_reply::outcome::done: return 200;
    case command_reply::outcome::unknown: return 404;
    case command_reply::outcome::refused: return 409;
    case command_reply::outcome::invalid: return 422;
    case command_reply::outcome::unavailable: return 503;
  }
  return 503;
}

problem problem_of(const command_reply& reply) {
  if (reply.what == command_reply::outcome::unavailable) return nothing_was_changed();
  return make_problem(status_of(reply), reply.reason, reply.errors);
}

}  // namespace plo::http
