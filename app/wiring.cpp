#include "app/wiring.hpp"

#include <iostream>
#include <map>
#include <stdexcept>

#include <spdlog/spdlog.h>

#include "app/calendars.hpp"
#include "app/master_key.hpp"
#include "app/outbox.hpp"
#include "app/rules.hpp"
#include "config/calendars.hpp"
#include "projections/registry.hpp"

namespace plo::app {

std::optional<config::settings> load_settings(const std::string& file) {
  auto settings = config::read_settings(file);
  if (settings) return std::move(*settings);
  std::cerr << "plo: " << settings.error().message() << "\n";
  return std::nullopt;
}

namespace {

zone zone_named(const std::string& name, const std::string& where) {
  const auto tz = zone::find(name);
  if (!tz) throw std::runtime_error(where + " '" + name + "' is not a known time zone");
  return *tz;
}

std::shared_ptr<const store_map> stores_of(const config::settings& settings) {
  auto all = std::make_shared<store_map>();
  for (const auto& [id, from] : settings.stores) {
    store to{from.name, std::nullopt, from.country, from.postal_code};
    if (!from.timezone.empty()) to.tz = zone_named(from.timezone, "stores." + id + ".timezone");
    all->emplace(id, std::move(to));
  }
  return all;
}

/// The rules of the configured files, or the built-in ones. Throws with everything that is wrong with them.
std::vector<rules::rule_pointer> rules_of(const config::settings& settings) {
  std::vector<rules::rule_pointer> all;
  std::string complaints;
  const auto take = [&](rule_file file) {
    for (const auto& complaint : file.complaints) complaints += "\n  " + complaint;
    all.insert(all.end(), file.rules.begin(), file.rules.end());
  };
  if (settings.rules.files.empty()) take(built_in_rules());
  for (const auto& file : settings.rules.files) take(read_rule_file(file));
  if (!complaints.empty()) throw std::runtime_error("the rules cannot be loaded:" + complaints);
  return all;
}

}  // namespace

domain_settings domain_settings_of(const config::settings& settings) {
  return {zone_named(settings.server.timezone, "server.timezone"), settings.server.country, calendars_of(config::built_in_calendars()),
          stores_of(settings)};
}

void own_folder(const std::filesystem::path& data_dir) {
  namespace fs = std::filesystem;
  if (data_dir.empty()) throw eventstore::store_error("no data directory is named");
  fs::create_directories(data_dir);
  if ((fs::status(data_dir).permissions() & (fs::perms::group_all | fs::perms::others_all)) == fs::perms::none) return;
  std::error_code not_ours;
  fs::permissions(data_dir, fs::perms::owner_all, not_ours);
  if (not_ours) spdlog::warn("others can look into {}: {}", data_dir.string(), not_ours.message());
}

ingest_limits limits_of(const config::settings& settings) {
  const auto& from = settings.ingest.limits;
  ingest_limits to;
  to.lines_per_order = from.lines_per_order;
  to.orders_per_project = from.orders_per_project;
  to.legs_per_project = from.legs_per_project;
  to.tours_per_project = from.tours_per_project;
  to.visits_per_project = from.visits_per_project;
  to.text_bytes = from.text_bytes;
  return to;
}

std::unique_ptr<actors::engine> start_engine(const config::settings& settings, const std::filesystem::path& data_dir,
                                             const std::string& clock, actors::outbox_mode outbox) {
  actors::engine_options options;
  options.domain = domain_settings_of(settings);
  options.finding = {settings.ingest.opens_project, settings.ingest.attach_period};
  options.limits = limits_of(settings);
  options.max_live_projects = settings.actors.max_live_projects;
  options.scheduler_threads = settings.actors.scheduler_threads;
  options.rules = rules_of(settings);
  options.outbox = outbox_settings_of(settings, outbox);
  options.clock = clock == "event" ? actors::project_clock::mode::event : actors::project_clock::mode::wall;

  options.retention.archive_after = settings.retention.archive_after;
  options.retention.check_every = settings.retention.check_every;
  options.retention.archive_dir = data_dir / "archive";

  own_folder(data_dir);
  eventstore::log_options opening;
  opening.privacy = privacy_of(settings, data_dir, true);
  auto log = eventstore::open_rocksdb_log(data_dir, std::move(opening));
  auto models = projections::read_models::open(data_dir, *log, projections::all_views(options.domain));
  return std::make_unique<actors::engine>(std::move(options), std::move(log), std::move(models));
}

}  // namespace plo::app
