// What the server needs to know, handed over by app/, which reads the configuration.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "domain/event/ingest_event.hpp"
#include "domain/event/role.hpp"
#include "http/server/limits.hpp"

namespace plo::actors {
class webhook_publisher;
}

namespace plo::http {

/// A source system that may push events.
struct source_settings {
  std::string name;
  std::string key_sha256;              // lower-case hex of SHA-256(key)
  std::string hmac_secret;             // empty: no signature asked for
  std::uint32_t rate_limit_per_s = 0;  // 0: none
  event_type_map types;                // the source's own names → PLO event types
};

/// Whom an OpenID Connect provider vouches for.
struct oidc_settings {
  std::string issuer;
  std::string audience;
  std::filesystem::path jwks_file;  // the provider's keys; read again when it changes
  std::string role_claim = "role";
  std::string email_claim = "email";
  std::map<std::string, plo::role, std::less<>> roles;  // value of the claim → role; empty: PLO's own names
};

struct auth_settings {
  std::string secret;  // of PLO's own sessions
  milliseconds session = std::chrono::hours(12);
  std::string public_url;
  std::optional<oidc_settings> oidc;  // replaces passwords and sessions
};

struct settings {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  unsigned io_threads = 0;  // 0: as many as cores
  std::size_t max_in_flight = 10'000;
  std::size_t max_body_bytes = 1'048'576;
  milliseconds max_ahead = std::chrono::hours(24);  // of the wall clock, that an event may say it occurred
  std::map<std::string, source_settings, std::less<>> sources;
  auth_settings auth;
  std::string tracking_secret;  // of the links that clients get
  zone tz = zone::utc();      // that days in queries are days of
  resource_limits limits;
  std::vector<std::string> trusted_proxies;  // addresses and networks whose X-Forwarded-For counts
  const actors::webhook_publisher* webhooks = nullptr;  // for the metrics
  std::string control_token;  // of /control/…; empty: nobody has it
  std::string_view openapi;  // what /openapi.json hands out
};

}  // namespace plo::http
