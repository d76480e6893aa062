#include "projections/read_models.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "eventstore/keys.hpp"
#include "projections/anomalies.hpp"
#include "projections/audit.hpp"
#include "projections/customers.hpp"
#include "projections/dead_letters.hpp"
#include "projections/deadlines.hpp"
#include "projections/idempotency.hpp"
#include "projections/kpis.hpp"
#include "projections/notifications.hpp"
#include "projections/projects.hpp"
#include "projections/search.hpp"
#include "projections/stations.hpp"

namespace plo::projections {

namespace keys = eventstore::keys;

namespace {

constexpr std::string_view checkpoint_key = "checkpoint";
constexpr std::string_view schema_key = "schema";
constexpr std::size_t max_states_kept = 20'000;

const eventstore::store_layout views_layout{
    {{"meta"}, {"projects", true, 8u << 20}, {"deadlines", true, 4u << 20}, {"anomalies", true, 4u << 20}, {"notifications", true, 4u << 20},
     {"dead_letters", true, 2u << 20}, {"search", true, 8u << 20}, {"customers", true, 4u << 20}, {"kpis", true, 4u << 20}, {"legs", true, 2u << 20}, {"stations", true, 1u << 20},
     {"idempotency", true, 2u << 20}, {"audit", false, 2u << 20}},
    false};

std::vector<std::unique_ptr<projection>> all_projections(const eventstore::log& log, const domain_settings& settings, position checkpoint,
                                                         list_indexes& indexes) {
  std::vector<std::unique_ptr<projection>> all;
  all.push_back(make_projects(indexes.projects));
  all.push_back(make_deadlines(log, settings, checkpoint));
  all.push_back(make_anomalies(indexes.anomalies));
  all.push_back(make_notifications(indexes.notifications));
  all.push_back(make_dead_letters(indexes.dead_letters));
  all.push_back(make_search());
  all.push_back(make_customers());
  all.push_back(make_kpis(settings.tz));
  all.push_back(make_stations());
  all.push_back(make_idempotency());
  all.push_back(make_audit());
  return all;
}

std::string schema_of(const std::vector<std::unique_ptr<projection>>& all) {
  std::string schema;
  schema += fmt::format("{}/{} ", learnt_legs::name, learnt_legs::schema_version);
  for (const auto& p : all) schema += fmt::format("{}/{} ", p->name(), p->schema_version());
  return schema;
}

bool usable(const eventstore::kv_reader& views, const eventstore::log& log, const domain_settings& settings) {
  const auto schema = views.get(families::meta, schema_key);
  if (!schema) return checkpoint_of(views).value == 0;
  list_indexes none;
  return *schema == schema_of(all_projections(log, settings, {}, none)) && checkpoint_of(views) <= log.head().last;
}

}  // namespace

position checkpoint_of(const eventstore::kv_reader& views) {
  const auto stored = views.get(families::meta, checkpoint_key);
  return {stored ? keys::get_u64(*stored) : 0};
}

read_models::read_models(std::unique_ptr<eventstore::kv_store> store, const eventstore::log& log,
                         domain_settings settings)
    : store_(std::move(store)), log_(log), states_(log, settings, max_states_kept) {
  if (const auto stored = store_->get(families::meta, checkpoint_key)) {
    checkpoint_ = {keys::get_u64(*stored)};
    events_folded_ = keys::get_u64(std::string_view(*stored).substr(8));
  }
  legs_ = std::make_unique<learnt_legs>(*store_, settings);
  projections_ = all_projections(log, settings, checkpoint_, indexes_);
  for (const auto& p : projections_) p->load(*store_);
}

std::unique_ptr<read_models> read_models::open(const std::filesystem::path& data_dir, const eventstore::log& log,
                                               domain_settings settings) {
  const auto dir = data_dir / "views";
  std::unique_ptr<eventstore::kv_store> store;
  try {
    store = eventstore::open_rocksdb_store(dir, views_layout);
    if (!usable(*store, log, settings)) {
      spdlog::info("the read models at {} are of another schema or log: rebuilding them", dir.string());
      store.reset();
    }
  } catch (const eventstore::store_error& failure) {
    // The log is held by this process alone, so nobody else can be using its views.
    spdlog::warn("the read models cannot be opened ({}): rebuilding them", failure.what());
  }
  if (!store) {
    std::filesystem::remove_all(dir);
    store = eventstore::open_rocksdb_store(dir, views_layout);
  }
  return std::make_unique<read_models>(std::move(store), log, std::move(settings));
}

std::unique_ptr<read_models> read_models::in_memory(const eventstore::log& log, domain_settings settings) {
  return std::make_unique<read_models>(eventstore::make_memory_store(views_layout), log, std::move(settings));
}

void read_models::apply(const std::vector<recorded_event>& events) {
  std::vector<const recorded_event*> pointers;
  pointers.reserve(events.size());
  for (const auto& e : events) pointers.push_back(&e);
  apply(pointers);
}

void read_models::apply(event_pointers events) {
  if (events.empty()) return;
  if (events.front()->pos.value != checkpoint_.value + 1)
    throw eventstore::store_error(
        fmt::format("the read models stand at {} and were given {}", checkpoint_.value, events.front()->pos.value));
  auto touched = states_.apply(events);
  eventstore::kv_batch batch;
  legs_->apply(states_.taught(), touched, batch);
  for (const auto& p : projections_) p->apply({events, touched}, *store_, batch);
  const auto last = events.back()->pos;
  const auto folded = events_folded_ + events.size();
  auto value = keys::of(last);
  keys::put_u64(value, folded);
  batch.put(families::meta, std::string(checkpoint_key), std::move(value));
  if (checkpoint_.value == 0) batch.put(families::meta, std::string(schema_key), schema_of(projections_));
  {
    const auto alone = gate_.write();
    store_->write(batch);
    legs_->publish();
    for (const auto& p : projections_) p->publish();
  }
  checkpoint_ = last;
  events_folded_ = folded;
}

reading read_models::read() const {
  auto lock = gate_.read();
  auto rows = store_->snapshot();
  return {std::move(lock), std::move(rows), indexes_};
}

std::vector<recorded_event> read_models::read_next(std::size_t most) const {
  std::vector<recorded_event> events;
  log_.read({checkpoint_.value + 1}, [&](const recorded_event& e) {
    // What an input caused stands right behind it, in the same commit: a step never ends between them.
    if (events.size() >= most && !follows_its_cause(e)) return false;
    events.push_back(e);
    return true;
  });
  return events;
}

}  // namespace plo::projections
