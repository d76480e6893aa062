#include "app/demo.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>

#include <fmt/format.h>
#include <sodium.h>
#include <spdlog/spdlog.h>

#include "actors/core/clock.hpp"
#include "app/commands.hpp"
#include "app/exit_status.hpp"
#include "app/scenario/population.hpp"
#include "app/wiring.hpp"
#include "config/embedded.hpp"
#include "eventstore/kv/scratch_folder.hpp"

namespace plo::app {

namespace {

constexpr const char* demo_email = "admin@example.org";
constexpr std::chrono::minutes time_to_load{5};

/// Loads history as an import does: on the event clock, so that every alert stands where it would have been.
void load_history(const config::settings& settings, const std::filesystem::path& data) {
  const auto engine = start_engine(settings, data, "event", actors::outbox_mode::log_only);
  const auto tz = domain_settings_of(settings).tz;
  const auto history = scenario::demo_history(actors::project_clock::wall_now(), tz, 2025);
  static const event_type_map no_map;
  ingest_scope scope;
  scope.map_of = [](std::string_view) { return &no_map; };
  std::vector<actors::ingest_item> items;
  std::set<std::string_view> projects;
  for (const auto& e : history) {
    auto parsed = parse_ingest_event(scenario::ingest_body(e, e.at), scope);
    if (!parsed) throw std::logic_error(fmt::format("the demo says something impossible: {} {}", e.event_type, parsed.error().detail));
    items.push_back({std::move(*parsed), {}});
    projects.insert(e.project_ref);
  }
  engine->ingest(std::move(items));
  if (!engine->settle(time_to_load)) throw eventstore::store_error("the demo data could not be loaded");
  fmt::print("{} projects, {} events up to now\n", projects.size(), history.size());
}

std::string random_password() {
  unsigned char bytes[9];
  randombytes_buf(bytes, sizeof bytes);
  char text[sodium_base64_ENCODED_LEN(sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
  return sodium_bin2base64(text, sizeof text, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/// What the environment says, or what is set now.
std::string from_environment(const char* name, const std::string& otherwise) {
  if (const char* set = std::getenv(name); set != nullptr && *set != '\0') return set;
  ::setenv(name, otherwise.c_str(), 1);
  return otherwise;
}

}  // namespace

int demo(const demo_options& options) {
  const eventstore::scratch_folder folder("demo");
  serve_options serving;
  serving.config = (folder.path() / "plo.toml").string();
  serving.data = (folder.path() / "data").string();
  serving.listen = options.listen;
  std::ofstream(serving.config) << config::embedded::example_config;
  const auto settings = load_settings(serving.config);
  if (!settings) return bad_usage;
  fmt::print("loading the demo …\n");
  std::fflush(stdout);
  load_history(*settings, *serving.data);
  const auto email = from_environment("PLO_ADMIN_EMAIL", demo_email);
  const auto password = from_environment("PLO_ADMIN_PASSWORD", random_password());
  serving.started = [&](const std::string& url) {
    std::cout << "operator login: " << email << " / " << password << "\n"
              << "source keys: dev-erp, dev-oms, … (dev- and the source's name)\n"
              << "more events: plo simulate --url " << url << " --rate 1\n"
              << "Ctrl-C ends the demo and deletes its data" << std::endl;
  };
  return serve(serving);
}

}  // namespace plo::app
