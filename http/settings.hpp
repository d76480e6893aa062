// What the server needs to know, handed over by app/, which reads the configuration.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "domain/ingest_event.hpp"
#include "domain/project.hpp"

namespace plo::http {

/// A source system that may push events.
struct source_settings {
  std::string name;
  std::string key_sha256;              // lower-case hex of SHA-256(key)
  std::string hmac_secret;             // empty: no signature asked for
  std::uint32_t rate_limit_per_s = 0;  // 0: none
  event_type_map types;                // the source's own names → PLO event types
};

struct settings {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  unsigned io_threads = 0;  // 0: as many as cores
  std::size_t max_in_flight = 10'000;
  std::size_t max_body_bytes = 1'048'576;
  std::map<std::string, source_settings, std::less<>> sources;
  domain_settings domain;
};

}  // namespace plo::http
