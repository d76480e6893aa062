// Accounts as administrators see them.
#include <fmt/format.h>

#include "http/commands/command_body.hpp"
#include "http/commands/operator_command.hpp"
#include "http/routes/operators/routes.hpp"
#include "http/server/await.hpp"
#include "http/server/memory_page.hpp"
#include "http/server/reading.hpp"

namespace plo::http {

namespace {

using actors::account_reply;
using operators::account_command;

constexpr char users_cursor = 'U';
constexpr std::size_t max_user_bytes = 64 * 1024;

response no_such_user() { return make_problem(404, "there is no user with this id"); }

task<answer> get_users(service& s, request& r) {
  parameters p(r);
  const auto page = page_of(p, users_cursor);
  const auto respond = [&](const auto&) {
    const auto accounts = s.engine.accounts();
    const auto& all = accounts->all();
    auto next = page.after ? all.upper_bound(*page.after) : all.begin();
    return response(200, page_of_items(page, all.size(), users_cursor, [&]() -> listed {
      if (next == all.end()) return std::nullopt;
      const auto& [email, who] = *next++;
      return std::pair(email, to_json(*who));
    }));
  };
  co_return co_await from_views(s, p, respond);
}

task<answer> get_user(service& s, request& r) {
  parameters p(r);
  const auto id = operators::user_id::parse(r.path_parameters.at("id"));
  const auto respond = [&](const auto&) {
    const auto accounts = s.engine.accounts();
    const auto* who = id ? accounts->find(*id) : nullptr;
    return who != nullptr ? response(200, to_json(*who)) : no_such_user();
  };
  co_return co_await from_views(s, p, respond);
}

problem problem_of(const account_reply& reply) {
  if (reply.what == account_reply::outcome::invalid) return make_problem(422, reply.reason);
  if (!reply.refusal) return nothing_was_changed();
  const bool unknown = *reply.refusal == operators::account_refusal::unknown_user;
  return make_problem(unknown ? 404 : 409, std::string(to_string(*reply.refusal)));
}

task<answer> carry_out(service& s, const request& r, account_command& command, unsigned status) {
  const auto by = stamp_of(r, {}, status);
  auto start = [&s, &command, &by](actors::account_completion done) { s.engine.change_accounts(std::move(command), by, {}, std::move(done)); };
  auto reply = co_await await_completion<account_reply>(start);
  if (reply.what != account_reply::outcome::done) co_return response(problem_of(reply));
  co_return response(status, with_position(std::move(reply.told), reply.pos));
}

void take_email(command_body& body, account_command& command, const std::string& email) {
  command.email = email;
  if (!operators::is_email(email)) body.fault("email", "must be an e-mail address");
}

void take_role(command_body& body, account_command& command, std::string_view role) {
  command.role = parse_role(role);
  if (!command.role) body.fault("role", "must be admin, operator or viewer");
}

std::string read_password(command_body& body) {
  auto password = body.required_text("password", operators::max_password_bytes);
  if (!password.empty() && password.size() < operators::min_password_bytes)
    body.fault("password", fmt::format("must have at least {} bytes", operators::min_password_bytes));
  return password;
}

/// The hash of a password that is to be set; empty when too many are being computed.
task<std::string> hash_of(service& s, std::string& password) {
  auto start = [&s, &password](actors::completion<std::string> done) { s.passwords.hash(std::move(password), std::move(done)); };
  auto hash = co_await await_completion<std::string>(start);
  co_return hash;
}

response too_many_passwords() { return overloaded("too many passwords are being set at this moment"); }

task<answer> post_user(service& s, request& r) {
  command_body body(r, {"email", "password", "role", "name", "active"});
  account_command command;
  if (const auto email = body.required_text("email", operators::max_email_bytes); !email.empty()) take_email(body, command, email);
  auto password = read_password(body);
  if (const auto role = body.required_text("role", 20); !role.empty()) take_role(body, command, role);
  command.name = body.text("name", operators::max_name_bytes);
  command.active = body.flag("active");
  if (body.refusal()) co_return response(*body.refusal());
  // Known before the costly part; decided again behind it.
  if (s.engine.accounts()->find_email(*command.email) != nullptr)
    co_return response(make_problem(409, std::string(to_string(operators::account_refusal::email_in_use))));
  command.password_hash = co_await hash_of(s, password);
  if (command.password_hash.empty()) co_return response(too_many_passwords());
  co_return co_await carry_out(s, r, command, 201);
}

/// PUT and PATCH alike change what the body names. What a GET adds may stay in.
task<answer> change_user(service& s, request& r) {
  const auto id = operators::user_id::parse(r.path_parameters.at("id"));
  if (!id || s.engine.accounts()->find(*id) == nullptr) co_return no_such_user();
  command_body body(r, {"email", "role", "name", "active", "user_id", "created_at", "position"});
  account_command command;
  command.what = account_command::verb::change;
  command.user = *id;
  if (const auto email = body.text("email", operators::max_email_bytes)) take_email(body, command, *email);
  if (const auto role = body.text("role", 20)) take_role(body, command, *role);
  command.name = body.text("name", operators::max_name_bytes);
  command.active = body.flag("active");
  if (const auto said = body.text("user_id", 100); said && *said != id->to_string()) body.fault("user_id", "must be the id in the path");
  if (body.refusal()) co_return response(*body.refusal());
  co_return co_await carry_out(s, r, command, 200);
}

task<answer> delete_user(service& s, request& r) {
  command_body body(r, {});
  if (body.refusal()) co_return response(*body.refusal());
  const auto id = operators::user_id::parse(r.path_parameters.at("id"));
  if (!id) co_return no_such_user();
  account_command command;
  command.what = account_command::verb::remove;
  command.user = *id;
  co_return co_await carry_out(s, r, command, 200);
}

task<answer> reset_password(service& s, request& r) {
  const auto id = operators::user_id::parse(r.path_parameters.at("id"));
  if (!id || s.engine.accounts()->find(*id) == nullptr) co_return no_such_user();
  command_body body(r, {"password"});
  auto password = read_password(body);
  if (body.refusal()) co_return response(*body.refusal());
  account_command command;
  command.what = account_command::verb::set_password;
  command.user = *id;
  command.password_hash = co_await hash_of(s, password);
  if (command.password_hash.empty()) co_return response(too_many_passwords());
  co_return co_await carry_out(s, r, command, 200);
}

}  // namespace

void add_user_routes(router& routes, service& s) {
  // With an identity provider the accounts are its own.
  if (!s.sessions) return;
  const auto add = [&](const char* method, const char* pattern, task<answer> (*handle)(service&, request&)) {
    routes.add({method, pattern, [&s, handle](request& r) { return handle(s, r); }, max_user_bytes, access::admin});
  };
  add("GET", "/api/users", get_users);
  add("POST", "/api/users", post_user);
  add("GET", "/api/users/{id}", get_user);
  add("PUT", "/api/users/{id}", change_user);
  add("PATCH", "/api/users/{id}", change_user);
  add("DELETE", "/api/users/{id}", delete_user);
  add("POST", "/api/users/{id}/reset-password", reset_password);
}

}  // namespace plo::http
