#include "http/server/service.hpp"

#include <algorithm>
#include <thread>

#include "http/auth/oidc.hpp"
#include "http/auth/session_tokens.hpp"

namespace plo::http {

namespace {

/// Passwords may keep half of the machine busy, never all of it.
unsigned password_threads() { return std::max(1u, std::thread::hardware_concurrency() / 2); }
/// More than one, so that a large project keeps nobody waiting; they give way to those that ingest.
unsigned fold_threads() { return std::clamp(std::thread::hardware_concurrency(), 2u, 4u); }
constexpr std::size_t max_waiting_folds = 2'000;  // each holds a connection that waits for it
constexpr std::size_t max_waiting_trials = 1;

/// What browsers must not do with an answer: guess its type, show it in a frame, tell others where it came from.
std::string standing_fields_of(const settings& s) {
  std::string fields =
      "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
      "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";
  if (s.auth.public_url.starts_with("https:")) fields += "Strict-Transport-Security: max-age=31536000\r\n";
  return fields;
}

}  // namespace

service::service(actors::engine& e, const http::settings& s, accounts_view known_accounts)
    : engine(e), settings(s), sources(s.sources), accounts(std::move(known_accounts)), tracking(s.tracking_secret), in_flight(s.max_in_flight), proxies(s.trusted_proxies),
      budget(s.limits.held_bytes), standing_fields(standing_fields_of(s)), passwords(password_threads()), folds(fold_threads(), max_waiting_folds),
      trials(1, max_waiting_trials) {
  if (s.auth.oidc) {
    verifier = make_oidc_verifier(*s.auth.oidc);
    return;
  }
  auto own = std::make_unique<session_tokens>(s.auth.secret, s.auth.session, accounts);
  sessions = own.get();
  verifier = std::move(own);
}

service::~service() = default;

void service::finish_background() {
  passwords.finish();
  folds.finish();
  trials.finish();
}

}  // namespace plo::http
