#include "projections/core/read_models.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <sodium.h>
#include <spdlog/spdlog.h>

#include "base/printable.hpp"
#include "eventstore/kv/keys.hpp"
#include "projections/operators/audit.hpp"
#include "projections/operators/idempotency.hpp"
#include "projections/outbox/notifications.hpp"
#include "projections/project/anomalies.hpp"
#include "projections/project/customers.hpp"
#include "projections/project/dead_letters.hpp"
#include "projections/project/deadlines.hpp"
#include "projections/project/kpis.hpp"
#include "projections/project/projects.hpp"
#include "projections/project/search.hpp"
#include "projections/project/stations.hpp"

namespace plo::projections {

namespace keys = eventstore::keys;

namespace {

constexpr std::string_view checkpoint_key = "checkpoint";
constexpr std::string_view schema_key = "schema";
constexpr std::string_view parked_prefix = "parked/";  // ‖ name → position ‖ reason
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
  all.push_back(make_kpis(settings));
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
  const auto status = read_views_status(views);
  return *schema == schema_of(all_projections(log, settings, {}, none)) && status.checkpoint <= log.head().last && status.parked.empty();
}

}  // namespace

std::vector<std::string> view_families() {
  std::vector<std::string> names;
  for (const auto& f : views_layout.families) names.push_back(f.name);
  return names;
}

std::unique_ptr<eventstore::kv_store> open_views_store(const std::filesystem::path& data_dir, eventstore::open_mode mode) {
  return eventstore::open_rocksdb_store(data_dir / "views", views_layout, mode);
}

position checkpoint_of(const eventstore::kv_reader& views) {
  const auto stored = views.get(families::meta, checkpoint_key);
  return {stored ? keys::get_u64(*stored) : 0};
}

fold_digest extend(const fold_digest& digest, const recorded_event& e) {
  std::array<unsigned char, sizeof(fold_digest) + 8 + 16> bytes;
  std::copy(digest.begin(), digest.end(), bytes.begin());
  for (std::size_t i = 0; i < 8; ++i) bytes[digest.size() + i] = static_cast<unsigned char>(e.pos.value >> (56 - 8 * i));
  std::copy(e.id.value.bytes.begin(), e.id.value.bytes.end(), bytes.begin() + digest.size() + 8);
  fold_digest next;
  crypto_generichash(next.data(), next.size(), bytes.data(), bytes.size(), nullptr, 0);
  return next;
}

views_status read_views_status(const eventstore::kv_reader& views) {
  views_status status;
  if (const auto stored = views.get(families::meta, checkpoint_key)) {
    status.checkpoint = {keys::get_u64(*stored)};
    status.folded = keys::get_u64(std::string_view(*stored).substr(8));
    const auto digest = std::string_view(*stored).substr(16);
    std::copy_n(digest.begin(), std::min(digest.size(), status.digest.size()), status.digest.begin());
  }
  views.scan(families::meta, parked_prefix, keys::after(std::string(parked_prefix)), [&](std::string_view key, std::string_view value) {
    status.parked.push_back({std::string(key.substr(parked_prefix.size())), {keys::get_u64(value)}, std::string(value.substr(8))});
    return true;
  });
  return status;
}

read_models::read_models(std::unique_ptr<eventstore::kv_store> store, const eventstore::log& log,
                         domain_settings settings, std::vector<std::unique_ptr<projection>> more)
    : store_(std::move(store)), log_(log), states_(log, settings, max_states_kept) {
  status_ = read_views_status(*store_);
  legs_ = std::make_unique<learnt_legs>(*store_, settings);
  projections_ = all_projections(log, settings, status_.checkpoint, indexes_);
  std::move(more.begin(), more.end(), std::back_inserter(projections_));
  for (const auto& p : projections_) p->load(*store_);
}

std::unique_ptr<read_models> read_models::open(const std::filesystem::path& data_dir, const eventstore::log& log,
                                               domain_settings settings) {
  const auto dir = data_dir / "views";
  try {
    auto store = eventstore::open_rocksdb_store(dir, views_layout);
    if (usable(*store, log, settings)) return std::make_unique<read_models>(std::move(store), log, settings);
    spdlog::info("the read models at {} are of another schema or log: rebuilding them", dir.string());
  } catch (const std::exception& failure) {
    // The log is held by this process alone, so nobody else can be using its views. What cannot be read is as useless as what is missing.
    spdlog::warn("the read models cannot be opened ({}): rebuilding them", failure.what());
  }
  std::filesystem::remove_all(dir);
  return std::make_unique<read_models>(eventstore::open_rocksdb_store(dir, views_layout), log, std::move(settings));
}

std::unique_ptr<read_models> read_models::in_memory(const eventstore::log& log, domain_settings settings,
                                                    std::vector<std::unique_ptr<projection>> more) {
  return std::make_unique<read_models>(eventstore::make_memory_store(views_layout), log, std::move(settings), std::move(more));
}

void read_models::apply(const std::vector<recorded_event>& events) {
  std::vector<const recorded_event*> pointers;
  pointers.reserve(events.size());
  for (const auto& e : events) pointers.push_back(&e);
  apply(pointers);
}

void read_models::apply(event_pointers events) {
  if (events.empty()) return;
  if (events.front()->pos.value != status_.checkpoint.value + 1)
    throw eventstore::store_error(
        fmt::format("the read models stand at {} and were given {}", status_.checkpoint.value, events.front()->pos.value));
  auto touched = states_.apply(events);
  eventstore::kv_batch batch;
  legs_->apply(states_.taught(), touched, batch);
  const projection_input input{events, touched};
  for (const auto& p : projections_) {
    if (is_parked(p->name())) continue;
    const auto changes_before = batch.changes.size();
    try {
      p->apply(input, *store_, batch);
    } catch (const eventstore::store_error&) {
      throw;  // the store's failure, not the projection's: the step comes again
    } catch (const std::exception& failure) {
      batch.changes.resize(changes_before);
      park(*p, input, failure.what());
    }
  }
  for (const auto& p : parked()) batch.put(families::meta, std::string(parked_prefix).append(p.name), keys::of(p.at).append(p.reason));
  auto next = status_;
  next.checkpoint = events.back()->pos;
  next.folded += events.size();
  for (const auto* e : events) next.digest = extend(next.digest, *e);
  auto value = keys::of(next.checkpoint);
  keys::put_u64(value, next.folded);
  value.append(reinterpret_cast<const char*>(next.digest.data()), next.digest.size());
  batch.put(families::meta, std::string(checkpoint_key), std::move(value));
  if (status_.checkpoint.value == 0) batch.put(families::meta, std::string(schema_key), schema_of(projections_));
  {
    const auto alone = gate_.write();
    store_->write(batch);
    legs_->publish();
    for (const auto& p : projections_)
      if (!is_parked(p->name())) p->publish();
  }
  status_.checkpoint = next.checkpoint;
  status_.folded = next.folded;
  status_.digest = next.digest;
}

bool read_models::is_parked(std::string_view name) const {
  const std::lock_guard lock(guard_);
  return std::any_of(status_.parked.begin(), status_.parked.end(), [name](const parked_projection& p) { return p.name == name; });
}

std::vector<parked_projection> read_models::parked() const {
  const std::lock_guard lock(guard_);
  return status_.parked;
}

void read_models::purge() {
  std::vector<eventstore::family> all;
  for (std::size_t i = 0; i < views_layout.families.size(); ++i) all.push_back(static_cast<eventstore::family>(i));
  store_->purge(all);
}

void read_models::park(projection& failed, const projection_input& input, const std::string& reason) {
  // Which commit of the step it is: what it makes of each one alone is thrown away.
  auto at = input.events.front()->pos;
  for (std::size_t from = 0; from < input.events.size();) {
    auto until = from + 1;
    while (until < input.events.size() && follows_its_cause(*input.events[until])) ++until;
    try {
      eventstore::kv_batch scratch;
      failed.apply({input.events.subspan(from, until - from), input.projects}, *store_, scratch);
    } catch (const std::exception&) {
      at = input.events[from]->pos;
      break;
    }
    from = until;
  }
  spdlog::error("the projection {} is parked: it cannot fold the event at position {}: {}", failed.name(), at.value, printable(reason));
  const std::lock_guard lock(guard_);
  status_.parked.push_back({std::string(failed.name()), at, reason});
}

reading read_models::read() const {
  auto lock = gate_.read();
  auto rows = store_->snapshot();
  return {std::move(lock), std::move(rows), indexes_};
}

std::vector<recorded_event> read_models::read_next(std::size_t most) const {
  std::vector<recorded_event> events;
  log_.read({status_.checkpoint.value + 1}, [&](const recorded_event& e) {
    // What an input caused stands right behind it, in the same commit: a step never ends between them.
    if (events.size() >= most && !follows_its_cause(e)) return false;
    events.push_back(e);
    return true;
  });
  return events;
}

}  // namespace plo::projections
