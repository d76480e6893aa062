#include "app/wiring.hpp"

#include <iostream>
#include <stdexcept>

namespace plo::app {

std::optional<config::settings> load_settings(const std::string& file) {
  auto settings = config::read_settings(file);
  if (settings) return std::move(*settings);
  std::cerr << "plo: " << settings.error().message() << "\n";
  return std::nullopt;
}

domain_settings domain_settings_of(const config::settings& settings) {
  const auto tz = zone::find(settings.server.timezone);
  if (!tz) throw std::runtime_error("server.timezone '" + settings.server.timezone + "' is not a known time zone");
  return {*tz, settings.server.country};
}

std::unique_ptr<actors::engine> start_engine(const config::settings& settings, const std::filesystem::path& data_dir,
                                             const std::string& clock) {
  actors::engine_options options;
  options.domain = domain_settings_of(settings);
  options.opens_project = settings.ingest.opens_project;
  options.attach_period = settings.ingest.attach_period;
  options.max_live_projects = settings.actors.max_live_projects;
  options.scheduler_threads = settings.actors.scheduler_threads;
  options.clock = clock == "event" ? actors::project_clock::mode::event : actors::project_clock::mode::wall;

  auto log = eventstore::open_rocksdb_log(data_dir);
  auto models = projections::read_models::open(data_dir, *log, options.domain);
  return std::make_unique<actors::engine>(std::move(options), std::move(log), std::move(models));
}

}  // namespace plo::app
