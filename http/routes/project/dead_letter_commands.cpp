// What operators decide about dead letters.
#include "eventstore/index/dead_letters.hpp"
#include "http/commands/command_body.hpp"
#include "http/commands/operator_command.hpp"
#include "http/routes/project/routes.hpp"
#include "http/server/await.hpp"
#include "http/server/reading.hpp"
#include "projections/project/dead_letters.hpp"

namespace plo::http {

namespace {

using actors::command_reply;

response unknown_letter() { return make_problem(404, "there is no dead letter with this id"); }

/// The letter as the log knows it; a contradiction, which waits for nothing, only the read models do.
std::optional<eventstore::dead_letter_entry> find_letter(service& s, const dead_letter_id& id) {
  if (auto entry = eventstore::find_dead_letter(s.engine.log(), id)) return entry;
  return projections::find_letter(*s.engine.views(), id);
}

task<answer> settle(service& s, const request& r, const std::optional<project_id>& project, std::string comment) {
  const auto id = dead_letter_id::parse(r.path_parameters.at("id"));
  auto letter = id ? find_letter(s, *id) : std::nullopt;
  if (!letter) co_return unknown_letter();
  json_writer told;
  told.begin_object().field("dead_letter_id", *id);
  if (project) told.field("project_id", *project);
  told.end_object();
  actors::letter_decision by{stamp_of(r, told.str()), std::move(comment)};
  auto start = [&s, &letter, &project, &by](actors::command_completion done) {
    s.engine.settle_letter(std::move(*letter), project, std::move(by), std::move(done));
  };
  const auto reply = co_await await_completion<command_reply>(start);
  if (reply.what != command_reply::outcome::done) co_return response(problem_of(reply));
  co_return response(200, with_position(told.str(), reply.pos));
}

/// `{project_id, comment}`
task<answer> attach_letter(service& s, request& r) {
  command_body body(r, {"project_id", "comment"});
  const auto text = body.required_text("project_id", 100);
  const auto project = project_id::parse(text);
  auto comment = body.text("comment").value_or("");
  if (!text.empty() && !project) body.fault("project_id", "must be a UUID");
  if (body.refusal()) co_return response(*body.refusal());
  co_return co_await settle(s, r, project, std::move(comment));
}

/// `{comment}`
task<answer> discard_letter(service& s, request& r) {
  command_body body(r, {"comment"});
  auto comment = body.text("comment").value_or("");
  if (body.refusal()) co_return response(*body.refusal());
  const std::optional<project_id> nowhere;
  co_return co_await settle(s, r, nowhere, std::move(comment));
}

}  // namespace

void add_dead_letter_command_routes(router& routes, service& s) {
  routes.add({"POST", "/api/dead-letters/{id}/attach", [&s](request& r) { return attach_letter(s, r); }});
  routes.add({"POST", "/api/dead-letters/{id}/discard", [&s](request& r) { return discard_letter(s, r); }});
}

}  // namespace plo::http
