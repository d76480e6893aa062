#include <iostream>

#include <sys/resource.h>

#include <spdlog/spdlog.h>

#include "app/commands.hpp"
#include "app/control_file.hpp"
#include "app/exit_status.hpp"
#include "app/operators.hpp"
#include "app/webhooks.hpp"
#include "app/wiring.hpp"
#include "config/embedded.hpp"
#include "eventstore/kv/kv_store.hpp"
#include "http/auth/session_tokens.hpp"
#include "http/registry.hpp"
#include "http/server/server.hpp"

namespace plo::app {

namespace {

/// Ten thousand event streams need as many files as the system grants.
void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) spdlog::warn("the limit of open files could not be raised");
}

http::settings http_settings(const config::settings& from) {
  http::settings to;
  to.host = from.server.listen.host;
  to.port = from.server.listen.port;
  to.io_threads = from.server.io_threads;
  to.max_in_flight = from.ingest.max_in_flight;
  to.max_body_bytes = from.ingest.max_body_bytes;
  to.max_ahead = from.ingest.max_ahead;
  for (const auto& [name, source] : from.sources)
    to.sources.emplace(name, http::source_settings{source.name, source.key_sha256, source.hmac_secret,
                                                   source.rate_limit_per_s, source.event_type_map});
  to.tz = domain_settings_of(from).tz;
  to.auth = auth_settings_of(from);
  to.openapi = config::embedded::openapi;
  to.trusted_proxies = from.server.trusted_proxies;
  to.limits = http::resource_limits::of_process(2 * eventstore::files_per_store());
  to.tracking_secret = http::kept_secret(from.server.data_dir / "tracking_secret");
  return to;
}

}  // namespace

int serve(const serve_options& options) {
  auto settings = load_settings(options.config);
  if (!settings) return bad_usage;
  if (options.data) settings->server.data_dir = *options.data;
  if (options.listen) {
    auto endpoint = config::parse_endpoint(*options.listen);
    if (!endpoint) {
      std::cerr << "plo: --listen " << *options.listen << ": " << endpoint.error() << "\n";
      return bad_usage;
    }
    settings->server.listen = *endpoint;
  }
  raise_file_limit();
  const auto engine = start_engine(*settings, settings->server.data_dir, options.clock, actors::outbox_mode::send);
  if (settings->auth.oidc) spdlog::info("identities come from {}", settings->auth.oidc->issuer);
  else add_first_admin(*engine);
  const auto webhooks = start_webhooks(*settings, *engine);
  auto serving = http_settings(*settings);
  serving.webhooks = webhooks.get();
  serving.control_token = make_control_token();
  http::server server(serving, *engine, http::all_routes(*engine));
  const control_file control(settings->server.data_dir, server.url(), serving.control_token);
  std::cout << "listening on " << server.url() << std::endl;
  if (options.started) options.started(server.url());
  server.run();
  // What was acknowledged is on disk; the read models catch up now rather than at the next start.
  if (!engine->settle(std::chrono::seconds(1))) spdlog::info("the read models will catch up at the next start");
  spdlog::info("stopped at position {}", engine->log().head().last.value);
  return done;
}

}  // namespace plo::app
