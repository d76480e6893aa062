#include "http/service.hpp"

#include <algorithm>
#include <thread>

#include "http/oidc.hpp"
#include "http/session_tokens.hpp"

namespace plo::http {

namespace {

/// Passwords may keep half of the machine busy, never all of it.
unsigned password_threads() { return std::max(1u, std::thread::hardware_concurrency() / 2); }

}  // namespace

service::service(actors::engine& e, const http::settings& s)
    : engine(e), settings(s), sources(s.sources), tracking(s.tracking_secret), in_flight(s.max_in_flight), passwords(password_threads()) {
  if (s.auth.oidc) {
    verifier = make_oidc_verifier(*s.auth.oidc);
    return;
  }
  auto own = std::make_unique<session_tokens>(s.auth.secret, s.auth.session, [&e] { return e.accounts(); });
  sessions = own.get();
  verifier = std::move(own);
}

service::~service() = default;

void service::finish_background() {
  passwords.finish();
  background.stop();
  background.join();
}

}  // namespace plo::http
