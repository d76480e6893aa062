// What the rules found: lists, explanations, and what operators do about it.
#include "domain/event/catalogue.hpp"
#include "http/commands/command_body.hpp"
#include "http/commands/idempotency.hpp"
#include "http/commands/operator_command.hpp"
#include "http/routes/project/list_queries.hpp"
#include "http/routes/project/routes.hpp"
#include "http/server/await.hpp"
#include "http/server/reading.hpp"
#include "projections/project/anomalies.hpp"
#include "projections/project/anomaly_detail.hpp"

namespace plo::http {

namespace {

using actors::command_reply;

constexpr std::size_t max_bulk = 500;

response no_such_anomaly() { return make_problem(404, "there is no anomaly with this id"); }

task<answer> get_anomalies(service& s, request& r) {
  parameters p(r);
  auto query = read_anomaly_query(p, s.settings.tz);
  const char list = projections::cursor_list(query.order, query.descending);
  query.page = page_of_index(p, list);
  const auto respond = [&](projections::reading& views) {
    return response(200, page_json(projections::list_anomalies(views, query), list));
  };
  co_return co_await from_lists(s, p, respond);
}

task<answer> get_anomaly(service& s, request& r) {
  parameters p(r);
  const auto id = anomaly_id::parse(r.path_parameters.at("id"));
  const auto respond = [&](const projections::row_reader& views) {
    auto found = id ? projections::explain_anomaly(views, s.engine.log(), *id) : std::nullopt;
    return found ? response(200, std::move(*found)) : no_such_anomaly();
  };
  co_return co_await from_folds(s, p, respond);
}

task<answer> get_project_rules(service& s, request& r) {
  parameters p(r);
  const auto id = project_id::parse(r.path_parameters.at("id"));
  const auto rule_id = p.text("rule_id");
  const auto respond = [&](const projections::row_reader&) {
    auto found = id ? projections::why_not(s.engine.log(), *id, *s.engine.rules(), s.engine.domain(), s.engine.now(), rule_id) : std::nullopt;
    return found ? response(200, std::move(*found)) : response(make_problem(404, "there is no project with this id"));
  };
  co_return co_await from_folds(s, p, respond);
}

/// A command on one anomaly: its event type and what goes into its data beside the id.
struct anomaly_command {
  std::string_view type;
  std::optional<instant> until;
  std::optional<std::string> assigned_to;  // of anomaly.assigned; empty: nobody
  std::string comment;
};

/// `row` tells rule and severity, so that the stream can filter by them.
event event_of(const anomaly_command& command, const anomaly_id& id, const projections::anomaly_row& row) {
  event e;
  e.type = command.type;
  e.comment = command.comment;
  json_writer json;
  json.begin_object().field("anomaly_id", id);
  if (const auto known = json_document::parse(row.json)) {
    json.field("rule_id", json::get_string(known->root(), "rule_id")).field("severity", json::get_string(known->root(), "severity"));
  }
  if (command.until) json.field("until", *command.until);
  if (command.type == own_type::anomaly_assigned) json.field("assigned_to", command.assigned_to);
  if (!command.comment.empty()) json.field("comment", command.comment);
  json.end_object();
  e.data = json.str();
  return e;
}

std::string answer_of(const anomaly_id& id) { return json_writer().begin_object().field("anomaly_id", id).end_object().str(); }

task<command_reply> carry_out(service& s, const anomaly_command& command, const anomaly_id& id, const command_stamp& by) {
  auto row = projections::find_anomaly(*s.engine.views(), id);
  if (!row) {
    // An answer may have named it that came before the read models: they get the time to catch up with the log.
    const auto head = s.engine.log().head().last;
    const bool reached = co_await wait_for(s, head);
    if (reached) row = projections::find_anomaly(*s.engine.views(), id);
  }
  if (!row) {
    command_reply unknown;
    unknown.what = command_reply::outcome::unknown;
    unknown.reason = "there is no anomaly with this id";
    co_return unknown;
  }
  auto input = event_of(command, id, *row);
  put_stamp(input, by);
  auto reply = co_await carry_out(s, row->project, input);
  if (reply.what == command_reply::outcome::unknown) {
    // It is shown, so it is there: the project goes on with a later one of the same rule.
    reply.what = command_reply::outcome::refused;
    reply.reason = "the anomaly is history: a later one of the same rule has taken its place";
  }
  co_return reply;
}

task<answer> change_one(service& s, request& r, const anomaly_command& command) {
  const auto id = anomaly_id::parse(r.path_parameters.at("id"));
  if (!id) co_return no_such_anomaly();
  const auto by = stamp_of(r, answer_of(*id));
  auto reply = co_await carry_out(s, command, *id, by);
  if (reply.what != command_reply::outcome::done) co_return response(problem_of(reply));
  co_return response(200, with_position(answer_of(*id), reply.pos));
}

/// Acknowledges or resolves: all that may be said is a comment.
task<answer> change_with_comment(service& s, request& r, std::string_view type) {
  command_body body(r, {"comment"});
  anomaly_command command{type, {}, {}, body.text("comment").value_or("")};
  if (body.refusal()) co_return response(*body.refusal());
  co_return co_await change_one(s, r, command);
}

task<answer> snooze(service& s, request& r) {
  command_body body(r, {"until", "comment"});
  anomaly_command command{own_type::anomaly_snoozed, body.time("until"), {}, body.text("comment").value_or("")};
  body.require("until");
  if (command.until && *command.until <= s.engine.now()) body.fault("until", "must lie in the future");
  if (body.refusal()) co_return response(*body.refusal());
  co_return co_await change_one(s, r, command);
}

task<answer> assign(service& s, request& r) {
  command_body body(r, {"assigned_to", "comment"});
  anomaly_command command{own_type::anomaly_assigned, {}, body.text("assigned_to", 200), body.text("comment").value_or("")};
  if (!body.has("assigned_to")) body.fault("assigned_to", "is missing; null takes the anomaly from whoever has it");
  if (command.assigned_to && !is_active_user(s, *command.assigned_to)) body.fault("assigned_to", "is not the id of an active user");
  if (body.refusal()) co_return response(*body.refusal());
  co_return co_await change_one(s, r, command);
}

/// Each for itself: what cannot be acknowledged is said, and does not stop the others.
task<answer> acknowledge_all(service& s, request& r) {
  command_body body(r, {"ids", "comment"});
  const auto ids = body.texts("ids", max_bulk);
  anomaly_command command{own_type::anomaly_acknowledged, {}, {}, body.text("comment").value_or("")};
  if (body.refusal()) co_return response(*body.refusal());
  position last;
  json_writer json;
  json.begin_object().key("items").begin_array();
  for (const auto& text : ids) {
    const auto id = anomaly_id::parse(text);
    command_reply reply;
    reply.what = command_reply::outcome::unknown;
    reply.reason = "there is no anomaly with this id";
    auto by = stamp_of(r);
    by.part = text;
    if (const auto before = recorded_part(s, r, text)) {
      reply.what = command_reply::outcome::done;
      reply.pos = *before;
    } else if (id) {
      reply = co_await carry_out(s, command, *id, by);
    }
    json.begin_object().field("anomaly_id", text).field("status", status_of(reply));
    if (reply.what == command_reply::outcome::done) json.field("position", reply.pos);
    else json.field("reason", reply.reason);
    json.end_object();
    if (reply.what == command_reply::outcome::done) last = std::max(last, reply.pos);
  }
  // Where nothing had to be written, everything said here is so at the head of the log.
  json.end_array().field("position", last.value > 0 ? last : s.engine.log().head().last).end_object();
  co_return response(200, json.str());
}

}  // namespace

void add_anomaly_routes(router& routes, service& s) {
  routes.add({"GET", "/api/anomalies", [&s](request& r) { return get_anomalies(s, r); }});
  routes.add({"POST", "/api/anomalies/acknowledge", [&s](request& r) { return acknowledge_all(s, r); }});
  routes.add({"GET", "/api/anomalies/{id}", [&s](request& r) { return get_anomaly(s, r); }});
  routes.add({"POST", "/api/anomalies/{id}/acknowledge", [&s](request& r) { return change_with_comment(s, r, own_type::anomaly_acknowledged); }});
  routes.add({"POST", "/api/anomalies/{id}/snooze", [&s](request& r) { return snooze(s, r); }});
  routes.add({"POST", "/api/anomalies/{id}/resolve", [&s](request& r) { return change_with_comment(s, r, own_type::anomaly_resolved); }});
  routes.add({"POST", "/api/anomalies/{id}/assign", [&s](request& r) { return assign(s, r); }});
  routes.add({"GET", "/api/projects/{id}/rules", [&s](request& r) { return get_project_rules(s, r); }});
}

}  // namespace plo::http
