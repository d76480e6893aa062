// The typed configuration of PLO and its TOML reader.
//
// One file describes a server (see config/plo.toml for a commented example). Reading is strict: an unknown
// key, a wrong type or an impossible value is an error that names the file, the line and the reason, so that
// a typing mistake never becomes a silent default.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace plo::config {

/// Why a configuration was refused. `line` is 1-based; 0 when no line is concerned (an unreadable file).
struct config_error {
  std::string file;
  std::uint32_t line = 0;
  std::string reason;

  /// `FILE:LINE: REASON`, or `FILE: REASON` without a line.
  [[nodiscard]] std::string message() const;
};

template <class T>
using result = tl::expected<T, config_error>;

struct endpoint {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
};

struct server_settings {
  endpoint listen;
  std::filesystem::path data_dir = "data";
  std::string timezone = "Europe/Paris";
  unsigned io_threads = 0;  // 0: as many as cores
  std::string country = "FR";
  std::string public_url = "http://127.0.0.1:8080";
  std::vector<std::string> trusted_proxies;  // addresses and networks whose X-Forwarded-For counts
};

/// One of the shops that projects begin in. What it does not say is the server's.
struct store_settings {
  std::string name;         // the id where none is given
  std::string timezone;
  std::string country;      // ISO 3166-1 alpha-2
  std::string postal_code;  // tells which part of the country, for the holidays there
};

/// How large projects may become.
struct limit_settings {
  std::size_t lines_per_order = 2'000;
  std::size_t orders_per_project = 500;
  std::size_t legs_per_project = 1'000;
  std::size_t tours_per_project = 200;
  std::size_t visits_per_project = 200;
  std::size_t text_bytes = 65'536;
};

struct ingest_settings {
  std::size_t max_in_flight = 10'000;
  std::size_t max_body_bytes = 1'048'576;
  std::vector<std::string> opens_project{"project.created", "inspiration.started", "quote_products.created"};
  std::chrono::milliseconds attach_period = std::chrono::hours(24 * 180);
  std::chrono::milliseconds max_ahead = std::chrono::hours(24);  // of the wall clock
  limit_settings limits;
};

/// A source system that may push events.
struct source_settings {
  std::string name;
  std::string key_sha256;   // lower-case hex of SHA-256(key); the key itself is not kept
  std::string hmac_secret;  // empty: no signature asked for
  std::uint32_t rate_limit_per_s = 0;  // 0: none
  std::map<std::string, std::string, std::less<>> event_type_map;  // the source's own names → PLO event types
};

struct actor_settings {
  std::size_t max_live_projects = 50'000;
  unsigned scheduler_threads = 0;  // 0: chosen from the cores
};

/// An OpenID Connect provider in place of passwords.
struct oidc_settings {
  std::string issuer;
  std::string audience;
  std::filesystem::path jwks_file;
  std::string role_claim = "role";
  std::string email_claim = "email";
  std::map<std::string, std::string, std::less<>> roles;  // value of the claim → admin, operator or viewer; empty: these themselves
};

struct auth_settings {
  std::string jwt_secret_env = "PLO_JWT_SECRET";
  std::chrono::milliseconds session = std::chrono::hours(12);
  std::optional<oidc_settings> oidc;
};

struct rules_settings {
  std::vector<std::filesystem::path> files;  // empty: the built-in catalogue
};

enum class tls_mode : std::uint8_t {
  if_offered,  // STARTTLS when the server offers it; nobody checks who it is, as nothing would stop them from not offering it
  required,    // STARTTLS or nothing; the server's certificate is checked
  off,
};

struct smtp_settings {
  std::string url;  // smtp:// or smtps:// (TLS from the start, certificate checked); empty: mails are logged
  std::string from = "plo@example.org";
  std::string username;  // empty: no authentication
  std::string password;
  tls_mode tls = tls_mode::if_offered;
  std::filesystem::path ca_file;  // certificates to trust, PEM; empty: the system's
  std::chrono::milliseconds timeout = std::chrono::seconds(20);  // of one delivery as a whole
  std::uint32_t max_per_minute = 600;                            // what is more waits its turn; 0: as fast as they go
};

struct webhook_settings {
  std::string url;     // empty: tickets are logged
  std::string secret;  // empty: tickets are not signed
  std::filesystem::path ca_file;
  std::chrono::milliseconds timeout = std::chrono::seconds(20);
};

/// Somebody else's server that is told of events as they happen.
struct event_webhook_settings {
  webhook_settings way;             // with a URL
  std::vector<std::string> events;  // names of the live stream, at least one
};

struct notification_settings {
  std::string language = "fr";  // of mails and tickets: fr or en
  // What cannot be delivered is tried again after retry_base, then twice as long each time up to retry_cap.
  std::chrono::milliseconds retry_base = std::chrono::seconds(1);
  std::chrono::milliseconds retry_cap = std::chrono::minutes(15);
  std::chrono::milliseconds give_up_after = std::chrono::hours(24);
  smtp_settings smtp;
  std::map<std::string, webhook_settings, std::less<>> webhooks;             // by the name that a rule's action gives
  std::map<std::string, std::vector<std::string>, std::less<>> recipients;  // role → addresses
};

/// How personal data is kept (docs/operations.md).
struct privacy_settings {
  std::optional<std::vector<std::string>> fields;  // names of members that are encrypted; none: the usual ones
  std::string master_key;                          // 64 hexadecimal digits, from the environment; empty: from the file
  std::filesystem::path master_key_file;           // empty: data_dir/master_key, made when it is not there
};

/// When closed projects leave the log for archive segments.
struct retention_settings {
  std::chrono::milliseconds archive_after{0};  // since the last event of a closed project; 0: never
  std::chrono::milliseconds check_every = std::chrono::hours(1);
};

struct settings {
  server_settings server;
  std::map<std::string, store_settings, std::less<>> stores;  // by id
  ingest_settings ingest;
  std::map<std::string, source_settings, std::less<>> sources;
  actor_settings actors;
  auth_settings auth;
  rules_settings rules;
  notification_settings notifications;
  std::map<std::string, event_webhook_settings, std::less<>> webhooks;  // by a name of the administrator's choice
  privacy_settings privacy;
  retention_settings retention;
};

/// The source systems of the contract; a `[sources.X]` table with any other name is an error.
[[nodiscard]] const std::vector<std::string>& known_sources();

/// Reads and checks a configuration file. Relative paths in it are made relative to the file's folder.
/// Keys and secrets named by a variable are looked up in the process environment.
[[nodiscard]] result<settings> read_settings(const std::filesystem::path& file);

/// The same from text; `file` serves for messages and as the base of relative paths.
[[nodiscard]] result<settings> parse_settings(std::string_view toml, const std::filesystem::path& file);

/// Parses `HOST:PORT` (`[::1]:8080` for IPv6). The error is a sentence without file and line.
[[nodiscard]] tl::expected<endpoint, std::string> parse_endpoint(std::string_view text);

}  // namespace plo::config
