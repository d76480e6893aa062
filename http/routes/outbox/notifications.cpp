// The outbox: who was told what, and trying again.
#include "http/commands/command_body.hpp"
#include "http/commands/operator_command.hpp"
#include "http/routes/outbox/routes.hpp"
#include "http/server/await.hpp"
#include "http/server/reading.hpp"
#include "projections/outbox/notifications.hpp"

namespace plo::http {

namespace {

using actors::command_reply;

response no_such_notification() { return make_problem(404, "there is no notification with this id"); }

task<answer> get_notifications(service& s, request& r) {
  parameters p(r);
  projections::notification_query query;
  query.page = page_of_index(p, projections::notifications_cursor);
  query.status = parse_notification_status(p.word("status", {"pending", "sent", "failed"}));
  query.channel = p.word("channel", {"email", "ticket", "internal"});
  query.rule_id = p.text("rule_id");
  query.project = p.id<project_id>("project_id");
  query.anomaly_id = p.id<anomaly_id>("anomaly_id");
  const auto respond = [&](projections::reading& views) {
    return response(200, page_json(projections::list_notifications(views, query), projections::notifications_cursor));
  };
  co_return co_await from_lists(s, p, respond);
}

task<answer> retry(service& s, request& r) {
  command_body body(r, {});
  if (body.refusal()) co_return response(*body.refusal());
  const auto id = notification_id::parse(r.path_parameters.at("id"));
  if (!id) co_return no_such_notification();
  auto told = json_writer().begin_object().field("notification_id", *id).end_object().str();
  const auto by = stamp_of(r, told);
  auto start = [&s, &id, &by](actors::command_completion done) { s.engine.retry_notification(*id, by, std::move(done)); };
  const auto reply = co_await await_completion<command_reply>(start);
  switch (reply.what) {
    case command_reply::outcome::done: break;
    case command_reply::outcome::unknown: co_return no_such_notification();
    case command_reply::outcome::refused: co_return response(make_problem(409, "only a failed notification can be sent again: " + reply.reason));
    case command_reply::outcome::invalid: co_return response(make_problem(422, reply.reason));
    case command_reply::outcome::unavailable: co_return response(nothing_was_changed());
  }
  co_return response(200, with_position(std::move(told), reply.pos));
}

}  // namespace

void add_notification_routes(router& routes, service& s) {
  routes.add({"GET", "/api/notifications", [&s](request& r) { return get_notifications(s, r); }});
  routes.add({"POST", "/api/notifications/{id}/retry", [&s](request& r) { return retry(s, r); }});
}

}  // namespace plo::http
