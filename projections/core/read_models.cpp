#include "projections/core/read_models.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <sodium.h>
#include <spdlog/spdlog.h>

#include "base/printable.hpp"
#include "eventstore/kv/keys.hpp"

namespace plo::projections {

namespace keys = eventstore::keys;

namespace {

constexpr std::string_view checkpoint_key = "checkpoint";
constexpr std::string_view schema_key = "schema";
constexpr std::string_view parked_prefix = "parked/";  // ‖ name → position ‖ reason
template <class Visit>
void visit_all(const std::vector<view_module>& modules, Visit visit) {
  for (const auto& module : modules) {
    if (module.shared) visit(*module.shared);
    for (const auto& p : module.projections) visit(*p);
  }
}

std::string schema_of(const std::vector<view_module>& modules) {
  std::string schema;
  visit_all(modules, [&](const projection& p) { schema += fmt::format("{}/{} ", p.name(), p.schema_version()); });
  return schema;
}

bool usable(const eventstore::kv_reader& views, const eventstore::log& log, const view_plan& plan) {
  const auto schema = views.get(families::meta, schema_key);
  if (!schema) return checkpoint_of(views).value == 0;
  list_indexes none;
  const auto status = read_views_status(views);
  return *schema == schema_of(plan.make({log, {}, none})) && status.checkpoint <= log.head().last && status.parked.empty();
}

}  // namespace

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

template <class Visit>
void read_models::each(Visit visit) const {
  visit_all(modules_, visit);
}

read_models::read_models(std::unique_ptr<eventstore::kv_store> store, const eventstore::log& log, const view_plan& plan)
    : store_(std::move(store)), log_(log), families_(plan.layout.families.size()), status_(read_views_status(*store_)) {
  modules_ = plan.make({log, status_.checkpoint, indexes_});
  each([this](projection& p) { p.load(*store_); });
}

std::unique_ptr<read_models> read_models::open(const std::filesystem::path& data_dir, const eventstore::log& log, const view_plan& plan) {
  const auto dir = data_dir / "views";
  try {
    auto store = eventstore::open_rocksdb_store(dir, plan.layout);
    if (usable(*store, log, plan)) return std::make_unique<read_models>(std::move(store), log, plan);
    spdlog::info("the read models at {} are of another schema or log: rebuilding them", dir.string());
  } catch (const std::exception& failure) {
    // The log is held by this process alone, so nobody else can be using its views. What cannot be read is as useless as what is missing.
    spdlog::warn("the read models cannot be opened ({}): rebuilding them", failure.what());
  }
  std::filesystem::remove_all(dir);
  return std::make_unique<read_models>(eventstore::open_rocksdb_store(dir, plan.layout), log, plan);
}

std::unique_ptr<read_models> read_models::in_memory(const eventstore::log& log, const view_plan& plan) {
  return std::make_unique<read_models>(eventstore::make_memory_store(plan.layout), log, plan);
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
  eventstore::kv_batch batch;
  for (const auto& module : modules_) {
    if (module.shared) module.shared->apply(events, *store_, batch);
    for (const auto& p : module.projections) {
      if (is_parked(p->name())) continue;
      const auto changes_before = batch.changes.size();
      try {
        p->apply(events, *store_, batch);
      } catch (const eventstore::store_error&) {
        throw;  // the store's failure, not the projection's: the step comes again
      } catch (const std::exception& failure) {
        batch.changes.resize(changes_before);
        park(*p, events, failure.what());
      }
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
  if (status_.checkpoint.value == 0) batch.put(families::meta, std::string(schema_key), schema_of(modules_));
  {
    const auto alone = gate_.write();
    store_->write(batch);
    each([this](projection& p) {
      if (!is_parked(p.name())) p.publish();
    });
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
  for (std::size_t i = 0; i < families_; ++i) all.push_back(static_cast<eventstore::family>(i));
  store_->purge(all);
}

void read_models::park(projection& failed, event_pointers events, const std::string& reason) {
  // Which input of the step it is: what it makes of each one alone is thrown away.
  auto at = events.front()->pos;
  for (std::size_t from = 0; from < events.size();) {
    auto until = from + 1;
    while (until < events.size() && follows_its_cause(*events[until])) ++until;
    try {
      eventstore::kv_batch scratch;
      failed.apply(events.subspan(from, until - from), *store_, scratch);
    } catch (const std::exception&) {
      at = events[from]->pos;
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
    if (events.size() >= most && begins_commit(e)) return false;
    events.push_back(e);
    return true;
  });
  return events;
}

}  // namespace plo::projections
