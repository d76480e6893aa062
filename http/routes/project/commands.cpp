// What operators do with a project: create it, say what no system says, and decide.
#include <algorithm>
#include <span>

#include "domain/event/catalogue.hpp"
#include "domain/event/payload_schema.hpp"
#include "http/commands/command_body.hpp"
#include "http/commands/operator_command.hpp"
#include "http/routes/project/routes.hpp"

namespace plo::http {

namespace {

using actors::command_reply;

constexpr std::size_t longest_comment = 10'000;

response unknown_project() { return make_problem(404, "there is no project with this id"); }

/// An answer is made of what was asked; the position follows.
std::string told_of(const project_id& id) { return json_writer().begin_object().field("project_id", id).end_object().str(); }

/// Carries a command out and answers with `told` and the position.
task<answer> command_project(service& s, const request& r, event& input, std::string told = {}) {
  const auto id = project_id::parse(r.path_parameters.at("id"));
  if (!id) co_return unknown_project();
  if (told.empty()) told = told_of(*id);
  stamp(input, r, told);
  const auto reply = co_await carry_out(s, *id, input);
  if (reply.what != command_reply::outcome::done) co_return response(problem_of(reply));
  co_return response(200, with_position(std::move(told), reply.pos));
}

event event_with(std::string_view type, const json_writer& data, std::string comment) {
  event e;
  e.type = type;
  e.data = data.str();
  e.comment = std::move(comment);
  return e;
}

/// `{comment}`, which must be there.
task<answer> add_note(service& s, request& r) {
  command_body body(r, {"comment"});
  const auto comment = body.required_text("comment", longest_comment);
  if (!comment.empty() && comment.find_first_not_of(" \t\r\n") == std::string::npos) body.fault("comment", "must not be blank");
  if (body.refusal()) co_return response(*body.refusal());
  json_writer data;
  data.begin_object().field("comment", comment).end_object();
  auto input = event_with(own_type::note_added, data, comment);
  co_return co_await command_project(s, r, input);
}

/// `{assigned_to: user_id | null}`
task<answer> assign_project(service& s, request& r) {
  command_body body(r, {"assigned_to", "comment"});
  const auto who = body.text("assigned_to", 200);
  const auto comment = body.text("comment", longest_comment).value_or("");
  if (!body.has("assigned_to")) body.fault("assigned_to", "is missing; null takes the project from whoever has it");
  if (who && !is_active_user(s, *who)) body.fault("assigned_to", "is not the id of an active user");
  if (body.refusal()) co_return response(*body.refusal());
  json_writer data;
  data.begin_object().field("assigned_to", who).end_object();
  auto input = event_with(own_type::project_assigned, data, comment);
  co_return co_await command_project(s, r, input);
}

/// `{status, comment}`
task<answer> set_status(service& s, request& r) {
  command_body body(r, {"status", "comment"});
  const auto status = body.required_text("status", 20);
  const auto comment = body.text("comment", longest_comment).value_or("");
  if (!status.empty() && !parse_project_status(status)) body.fault("status", "must be draft, active, on_hold, completed or cancelled");
  if (body.refusal()) co_return response(*body.refusal());
  json_writer data;
  data.begin_object().field("status", status).end_object();
  auto input = event_with(own_type::project_status_set, data, comment);
  co_return co_await command_project(s, r, input);
}

/// `{comment}`: closes or reopens.
task<answer> close_or_reopen(service& s, request& r, std::string_view type) {
  command_body body(r, {"comment"});
  const auto comment = body.text("comment", longest_comment).value_or("");
  if (body.refusal()) co_return response(*body.refusal());
  json_writer data;
  data.begin_object();
  if (!comment.empty()) data.field("comment", comment);
  data.end_object();
  auto input = event_with(type, data, comment);
  co_return co_await command_project(s, r, input);
}

/// `{customer, installer, comment}`: approved only when both agree.
task<answer> approve_partial(service& s, request& r) {
  command_body body(r, {"customer", "installer", "comment"});
  const auto customer = body.flag("customer");
  const auto installer = body.flag("installer");
  const auto comment = body.text("comment", longest_comment).value_or("");
  for (const auto* name : {"customer", "installer"}) body.require(name, "true, or false for no consent");
  if (body.refusal()) co_return response(*body.refusal());
  json_writer data;
  data.begin_object().field("customer", *customer).field("installer", *installer).end_object();
  auto input = event_with(own_type::partial_delivery_approved, data, comment);
  json_writer told;
  told.begin_object().field("project_id", r.path_parameters.at("id")).field("approved", *customer && *installer).end_object();
  co_return co_await command_project(s, r, input, told.str());
}

/// `{status, comment, occurred_at, order_ref}`
task<answer> update_step(service& s, request& r) {
  const auto& type = r.path_parameters.at("step_type");
  if (!parse_step_type(type)) co_return response(make_problem(404, "there is no step of this type"));
  command_body body(r, {"status", "comment", "occurred_at", "order_ref", "order_id"});
  const auto status = body.required_text("status", 20);
  const auto comment = body.text("comment", longest_comment).value_or("");
  const auto at = body.time("occurred_at");
  auto order = body.text("order_ref", max_reference_size);
  if (!order) order = body.text("order_id", max_reference_size);
  if (!status.empty() && !parse_step_status(status)) body.fault("status", "must be pending, in_progress, completed, anomaly, blocked or skipped");
  if (at && *at > s.engine.now()) body.fault("occurred_at", "must not lie in the future");
  if (body.refusal()) co_return response(*body.refusal());
  json_writer data;
  data.begin_object().field("step_type", type).field("status", status);
  if (order) data.field("order_ref", *order);
  if (!comment.empty()) data.field("comment", comment);
  data.end_object();
  auto input = event_with(own_type::step_updated, data, comment);
  if (at) input.occurred_at = *at;
  co_return co_await command_project(s, r, input);
}

constexpr std::string_view project_members[] = {"project_ref", "customer_id", "customer_name", "customer_email", "project_type", "channel_origin",
                                                "store_id", "installation_required", "promised_installation_date", "metadata", "comment"};
constexpr std::string_view order_members[] = {"order_ref", "customer_id", "lines", "delivery_address", "installation_address",
                                              "installation_required", "lead_time_days", "promised_delivery_date",
                                              "promised_installation_date", "comment"};

/// The body of a command that describes a project or an order as its source event would.
struct described {
  std::string reference;  // its own name; empty: none
  std::string comment;
  std::string data;       // the members as they came, without those two
};

tl::expected<described, problem> read_description(const service& s, const request& r, event_type like, std::string_view reference, std::span<const std::string_view> known) {
  const auto document = read_json_body(r);
  if (!document) return tl::unexpected(document.error());
  const auto root = document->root();
  if (!root.is_object()) return tl::unexpected(make_problem(422, "the body must be a JSON object", {{"", "must be an object"}}));
  std::vector<field_error> errors;
  check_payload(like, root, errors, s.engine.limits());
  for (auto& error : errors) error.pointer.erase(0, std::string_view("/payload").size());

  described read;
  const auto text_of = [&](std::string_view name, bool is_name) {
    const auto found = json::get(root, name);
    if (!found) return std::string();
    const auto text = found->is_string() ? std::string_view(found->get_string().value_unsafe()) : std::string_view();
    const bool fits = found->is_string() && (is_name ? is_reference(text) : text.size() <= longest_comment);
    const auto pointer = pointer_to("", name);
    const bool told = std::any_of(errors.begin(), errors.end(), [&](const field_error& e) { return e.pointer == pointer; });
    if (!fits && !told) errors.push_back({pointer, is_name ? "must be a text of 1 to 256 bytes without control characters" : "must be a text of at most 10000 bytes"});
    return std::string(text);
  };
  read.reference = text_of(reference, true);
  read.comment = text_of("comment", false);
  json_writer data;
  data.begin_object();
  std::vector<std::string_view> seen;
  for (const auto member : simdjson::dom::object(root)) {
    const std::string_view key = member.key;
    const bool twice = std::find(seen.begin(), seen.end(), key) != seen.end();
    const bool is_known = std::find(known.begin(), known.end(), key) != known.end();
    if (is_known) seen.push_back(key);
    if (!is_known || twice) {
      if (errors.size() < max_field_errors) errors.push_back({pointer_to("", key), is_known ? "is there twice" : "is not a known field"});
    } else if (key != "comment" && !member.value.is_null()) {
      data.field_raw(key, simdjson::to_string(member.value));
    }
  }
  data.end_object();
  if (!errors.empty()) return tl::unexpected(make_problem(422, "the body has errors", std::move(errors)));
  read.data = data.str();
  return read;
}

task<answer> create_project(service& s, request& r) {
  auto read = read_description(s, r, event_type::project_created, "project_ref", project_members);
  if (!read) co_return response(read.error());
  event input;
  input.type = "project.created";
  input.project_ref = read->reference;
  input.comment = std::move(read->comment);
  input.data = std::move(read->data);
  stamp(input, r, {}, 201);
  const project_id none{};
  const auto reply = co_await carry_out(s, none, input);
  if (reply.what != command_reply::outcome::done) co_return response(problem_of(reply));
  co_return response(201, with_position(told_of(reply.project), reply.pos));
}

task<answer> create_order(service& s, request& r) {
  const auto id = project_id::parse(r.path_parameters.at("id"));
  if (!id) co_return unknown_project();
  auto read = read_description(s, r, event_type::order_confirmed, "order_ref", order_members);
  if (!read) co_return response(read.error());
  if (read->reference.empty()) co_return response(make_problem(422, "the body has errors", {{"/order_ref", "is missing"}}));
  event input;
  input.type = own_type::order_created;
  input.order_ref = read->reference;
  input.comment = std::move(read->comment);
  input.data = std::move(read->data);
  json_writer told;
  told.begin_object().field("project_id", *id).field("order_ref", read->reference).end_object();
  stamp(input, r, told.str(), 201);
  const auto reply = co_await carry_out(s, *id, input);
  if (reply.what != command_reply::outcome::done) co_return response(problem_of(reply));
  co_return response(201, with_position(told.str(), reply.pos));
}

}  // namespace

void add_project_command_routes(router& routes, service& s) {
  routes.add({"POST", "/api/projects", [&s](request& r) { return create_project(s, r); }});
  routes.add({"POST", "/api/projects/{id}/orders", [&s](request& r) { return create_order(s, r); }});
  routes.add({"POST", "/api/projects/{id}/notes", [&s](request& r) { return add_note(s, r); }});
  routes.add({"POST", "/api/projects/{id}/assign", [&s](request& r) { return assign_project(s, r); }});
  routes.add({"POST", "/api/projects/{id}/status", [&s](request& r) { return set_status(s, r); }});
  routes.add({"POST", "/api/projects/{id}/close", [&s](request& r) { return close_or_reopen(s, r, own_type::project_closed); }});
  routes.add({"POST", "/api/projects/{id}/reopen", [&s](request& r) { return close_or_reopen(s, r, own_type::project_reopened); }});
  routes.add({"POST", "/api/projects/{id}/partial-delivery", [&s](request& r) { return approve_partial(s, r); }});
  routes.add({"POST", "/api/projects/{id}/steps/{step_type}", [&s](request& r) { return update_step(s, r); }});
}

}  // namespace plo::http
