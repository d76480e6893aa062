#include "http/auth/authentication.hpp"

#include <fmt/format.h>
#include <sodium.h>

namespace plo::http {

namespace {

std::string_view cookie_named(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    const auto pair = trimmed(cookies.substr(0, cookies.find(';')));
    cookies.remove_prefix(std::min(cookies.find(';'), cookies.size() - 1) + 1);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') return pair.substr(name.size() + 1);
  }
  return {};
}

/// `host:port` of a URL, or of an origin.
std::string_view authority_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  return url.substr(0, url.find('/'));
}

std::string_view origin_of(std::string_view url) {
  const auto authority = authority_of(url);
  return authority.empty() ? authority : url.substr(0, url.find("://") + 3 + authority.size());
}

plo::role role_for(access needed) {
  switch (needed) {
    case access::open:
    case access::source:
    case access::control:
    case access::viewer: return plo::role::viewer;
    case access::operator_: return plo::role::operator_;
    case access::admin: return plo::role::admin;
  }
  return plo::role::admin;
}

}  // namespace

shown_token token_of(const request& r) {
  constexpr std::string_view scheme = "bearer ";
  const auto authorization = r.header("authorization");
  // Another scheme is somebody else's: a proxy that asks for a password of its own sends it along.
  if (authorization.size() < scheme.size() || !same_ignoring_case(authorization.substr(0, scheme.size()), scheme))
    return {cookie_named(r.header("cookie"), session_cookie), true};
  return {trimmed(authorization.substr(scheme.size())), false};
}

bool is_from_elsewhere(const request& r, std::string_view public_url, bool https) {
  if (same_ignoring_case(r.header("sec-fetch-site"), "cross-site")) return true;
  const auto origin = r.header("origin");
  if (origin.empty()) return false;
  if (same_ignoring_case(origin, origin_of(public_url))) return false;
  return !same_ignoring_case(origin, fmt::format("{}://{}", https ? "https" : "http", r.header("host")));
}

namespace {

std::optional<problem> authenticate_source(const service& s, request& r) {
  r.source = s.sources.authenticate(r.header("authorization"));
  if (r.source != nullptr) return std::nullopt;
  return make_problem(401, r.header("authorization").empty() ? "an API key is needed: Authorization: Bearer KEY" : "the API key is not known");
}

std::optional<problem> authenticate_control(const service& s, const request& r) {
  constexpr std::string_view scheme = "Bearer ";
  const auto given = r.header("authorization");
  const auto& token = s.settings.control_token;
  const bool right = !token.empty() && given.size() == scheme.size() + token.size() && given.starts_with(scheme) &&
                     sodium_memcmp(given.data() + scheme.size(), token.data(), token.size()) == 0;
  if (right) return std::nullopt;
  return make_problem(401, "the token of control.json in the data directory is needed");
}

}  // namespace

std::optional<problem> authenticate(const service& s, const route& to, request& r) {
  if (to.needs == access::open) return std::nullopt;
  if (to.needs == access::source) return authenticate_source(s, r);
  if (to.needs == access::control) return authenticate_control(s, r);
  const auto token = token_of(r);
  if (!token.text.empty()) r.who = s.verifier->verify(token.text, actors::project_clock::wall_now());
  if (!r.who) return make_problem(401, token.text.empty() ? "a session is needed: log in" : "the session is not valid, or no longer: log in");
  const bool https = s.proxies.trusts(r.peer) && same_ignoring_case(r.header("x-forwarded-proto"), "https");
  if (token.in_cookie && to.method != "GET" && is_from_elsewhere(r, s.settings.auth.public_url, https))
    return make_problem(403, "the request comes from another site");
  if (r.who->role < role_for(*to.needs))
    return make_problem(403, fmt::format("this needs the role {}; yours is {}", to_string(role_for(*to.needs)), to_string(r.who->role)));
  return std::nullopt;
}

std::string session_cookie_of(std::string_view token, milliseconds lifetime, bool secure) {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}", session_cookie, token,
                     std::chrono::floor<std::chrono::seconds>(lifetime).count(), secure ? "; Secure" : "");
}

std::string ended_session_cookie(bool secure) { return session_cookie_of("", milliseconds(0), secure); }

}  // namespace plo::http
