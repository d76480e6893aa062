// Logging in with a password, logging out, and who one is.
#include <fmt/format.h>

#include "http/auth/authentication.hpp"
#include "http/auth/session_tokens.hpp"
#include "http/commands/command_body.hpp"
#include "http/commands/operator_command.hpp"
#include "http/routes/operators/routes.hpp"
#include "http/server/await.hpp"
#include "http/server/parameters.hpp"

namespace plo::http {

namespace {

constexpr std::size_t max_login_bytes = 16 * 1024;

bool is_secure(const service& s) { return s.settings.auth.public_url.starts_with("https:"); }

response too_many_failures(std::chrono::seconds wait) {
  auto p = make_problem(429, "too many failed attempts for this account or from this address; try again later");
  p.retry_after_s = static_cast<unsigned>(wait.count());
  return p;
}

std::string user_answer(std::string_view account) {
  return json_writer().begin_object().field_raw("user", account).end_object().str();
}

/// Writes down that an account is used from here: a right password is let through from here from now on, whatever strangers try.
task<void> note_place(service& s, const operators::account& who, const std::string& place) {
  operators::account_command command;
  command.what = operators::account_command::verb::log_in;
  command.user = who.id;
  command.place = place;
  command_stamp by;
  by.operator_id = who.id.to_string();
  auto start = [&s, &command, &by](actors::account_completion done) { s.engine.change_accounts(std::move(command), by, {}, std::move(done)); };
  co_await await_completion<actors::account_reply>(start);
}

/// The same answer, and after the same time, whether the account is unknown, inactive or the password wrong.
task<answer> log_in(service& s, request& r) {
  using verdict = password_pool::verdict;
  command_body body(r, {"email", "password"});
  const auto email = body.required_text("email", operators::max_email_bytes);
  auto password = body.required_text("password", operators::max_password_bytes);
  if (body.refusal()) co_return response(*body.refusal());

  const auto accounts = s.engine.accounts();
  const auto* who = accounts->find_email(email);
  const auto now = actors::project_clock::wall_now();
  login_attempt attempt{operators::fold_email(email), network_of(r.client), false};
  const auto place = s.sessions->address_digest(attempt.address);
  attempt.known = who != nullptr && who->was_used_from(place, now);
  if (const auto wait = s.logins.refuses(attempt, login_throttle::clock::now())) co_return too_many_failures(*wait);
  const password_lane lane{attempt.known ? attempt.account + '\n' + attempt.address : attempt.address, attempt.known};
  auto start = [&s, &lane, &password, who](actors::completion<verdict> done) {
    s.passwords.check(lane, who != nullptr ? who->password_hash : std::string(), std::move(password), std::move(done));
  };
  const auto judged = co_await await_completion<verdict>(start);
  if (judged == verdict::unavailable) co_return response(overloaded("too many people log in at this moment"));
  const bool right = judged == verdict::right && who->active;
  if (const auto wait = s.logins.settle(attempt, right, login_throttle::clock::now())) co_return too_many_failures(*wait);
  if (!right) co_return response(make_problem(401, "the e-mail address or the password is wrong"));

  // Where the disk is full people can still log in, and see why.
  if (who->should_note(place, now)) co_await note_place(s, *who, place);
  response result(200, user_answer(to_json(*who)));
  const auto token = s.sessions->issue({who->id, who->email, who->role, who->active, who->credentials}, now);
  result.headers.emplace_back("Set-Cookie", session_cookie_of(token, s.sessions->lifetime(), is_secure(s)));
  co_return result;
}

/// The session is over everywhere, also for whoever has a copy of its token.
task<answer> log_out(service& s, request& r) {
  const auto session = s.sessions->session_of(token_of(r).text, actors::project_clock::wall_now());
  operators::account_command command;
  command.what = operators::account_command::verb::log_out;
  if (session) {
    command.user = session->user;
    command.session_id = session->id;
    command.expires_at = session->expires_at;
  }
  const auto by = stamp_of(r);
  auto start = [&s, &command, &by](actors::account_completion done) { s.engine.change_accounts(std::move(command), by, {}, std::move(done)); };
  const auto reply = co_await await_completion<actors::account_reply>(start);
  if (reply.what == actors::account_reply::outcome::unavailable) co_return response(nothing_was_changed());
  // Refused: the account has gone meanwhile, and its sessions with it.
  response result(200, with_position("{}", reply.what == actors::account_reply::outcome::done ? reply.pos : s.engine.log().head().last));
  result.headers.emplace_back("Set-Cookie", ended_session_cookie(is_secure(s)));
  co_return result;
}

task<answer> who_am_i(service& s, request& r) {
  if (const auto refused = refuse_query(r)) co_return response(*refused);
  const auto accounts = s.engine.accounts();
  const auto id = operators::user_id::parse(r.who->user_id);
  const auto* known = id && s.sessions ? accounts->find(*id) : nullptr;
  if (known != nullptr) co_return response(200, user_answer(to_json(*known)));
  // Somebody whom the identity provider vouches for.
  json_writer json;
  json.begin_object().field("user_id", r.who->user_id).field_or_null("email", r.who->email).key("name").null();
  json.field("role", to_string(r.who->role)).field("active", true).key("created_at").null().end_object();
  co_return response(200, user_answer(json.view()));
}

}  // namespace

void add_sign_in_routes(router& routes, service& s) {
  routes.add({"GET", "/api/auth/me", [&s](request& r) { return who_am_i(s, r); }});
  // With an identity provider there is no password to log in with, and no session of PLO's own.
  if (!s.sessions) return;
  routes.add({"POST", "/api/auth/login", [&s](request& r) { return log_in(s, r); }, max_login_bytes, access::open});
  routes.add({"POST", "/api/auth/logout", [&s](request& r) { return log_out(s, r); }, max_login_bytes, access::viewer});
}

}  // namespace plo::http
