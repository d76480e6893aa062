#include "projections/core/read_models.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

namespace plo::projections {

namespace {

std::vector<const recorded_event*> pointers_to(const std::vector<recorded_event>& events) {
  std::vector<const recorded_event*> pointers;
  pointers.reserve(events.size());
  for (const auto& e : events) pointers.push_back(&e);
  return pointers;
}

std::vector<std::string> names_of(const view_set& views) {
  std::vector<std::string> names;
  for (const auto& [name, view] : views.views()) names.push_back(name);
  return names;
}

/// Takes away what was kept for nobody, as far as the store is open.
void clear_out(eventstore::kv_store& store, const view_arrangement& arranged) {
  if (!arranged.forgotten.empty()) {
    eventstore::kv_batch batch;
    for (const auto& family : arranged.forgotten) remove_record(batch, family);
    store.write(batch);
  }
  store.drop(arranged.unwanted);
}

}  // namespace

position checkpoint_of(const row_reader& views) {
  const auto live = read_views_progress(views.store()).checkpoint;
  return std::min(live, views.oldest_read().value_or(live));
}

read_models::read_models(std::unique_ptr<eventstore::kv_store> store, const eventstore::log& log, const view_plan& plan, view_arrangement arranged)
    : store_(std::move(store)), log_(log), plan_(plan) {
  families_.push_back(meta_family);
  for (const auto* views : {&arranged.live, &arranged.building})
    for (const auto& view : *views) families_.push_back(view.where);
  live_ = std::make_unique<view_set>(std::move(arranged.live), arranged.live_progress, plan_, log_, *store_);
  if (!arranged.building.empty()) {
    building_ = std::make_unique<view_set>(std::move(arranged.building), arranged.building_progress, plan_, log_, *store_);
    spdlog::info("read models are built anew, from position {} on: {}", building_->checkpoint().value, fmt::join(names_of(*building_), ", "));
  }
  places_ = live_->places();
  checkpoint_ = live_->checkpoint().value;
  tell();
}

std::unique_ptr<read_models> read_models::open(const std::filesystem::path& data_dir, const eventstore::log& log, const view_plan& plan) {
  const auto dir = data_dir / "views";
  const auto open_as = [&](view_arrangement arranged) {
    auto store = eventstore::open_rocksdb_store(dir, arranged.layout);
    clear_out(*store, arranged);
    return std::unique_ptr<read_models>(new read_models(std::move(store), log, plan, std::move(arranged)));
  };
  try {
    const auto held = look_into(dir);
    auto arranged = arrange(held, plan, log);
    if (!arranged.starts_anew) return open_as(std::move(arranged));
    if (!held.families.empty()) spdlog::info("the read models at {} are of another schema or log: rebuilding them", dir.string());
  } catch (const std::exception& failure) {
    // The log is held by this process alone, so nobody else can be using its views. What cannot be read is as useless as what is missing.
    spdlog::warn("the read models cannot be opened ({}): rebuilding them", failure.what());
  }
  std::filesystem::remove_all(dir);
  return open_as(arrange({}, plan, log));
}

std::unique_ptr<read_models> read_models::over(const store_maker& make, const eventstore::log& log, const view_plan& plan) {
  auto arranged = arrange({}, plan, log);
  auto store = make(arranged.layout);
  return std::unique_ptr<read_models>(new read_models(std::move(store), log, plan, std::move(arranged)));
}

std::unique_ptr<read_models> read_models::in_memory(const eventstore::log& log, const view_plan& plan) {
  return over(eventstore::make_memory_store, log, plan);
}

void read_models::apply(const std::vector<recorded_event>& events) { apply(pointers_to(events)); }

void read_models::apply(event_pointers events) {
  if (events.empty()) return;
  eventstore::kv_batch batch;
  put_progress(batch, live_->fold(events, batch));
  {
    const auto alone = gate_.write();
    store_->write(batch);
    live_->publish();
  }
  checkpoint_ = live_->checkpoint().value;
  tell();
  drop_retired();
}

bool read_models::build(std::size_t most) {
  if (!building_) return false;
  const auto events = read_next(building_->checkpoint(), live_->checkpoint(), most);
  if (!events.empty()) {
    eventstore::kv_batch batch;
    (void)building_->fold(pointers_to(events), batch);
    store_->write(batch);
    building_->publish();
  }
  if (building_->checkpoint() == live_->checkpoint()) take_over();
  tell();
  drop_retired();
  return building_ != nullptr;
}

/// As a restart would find them: made again from the rows, those that were built among them. So nothing in memory has to be handed over.
void read_models::take_over() {
  std::vector<set_view> views;
  retired_families retired{live_->places(), {}};
  eventstore::kv_batch batch;
  for (const auto& [name, view] : building_->views()) {
    // A shared fold that was only there to build the others is thrown away.
    if (live_->follows(name)) {
      retired.families.push_back(view.where);
      remove_record(batch, view.record.family);
      continue;
    }
    auto taken = view;
    taken.record.is_building = false;
    put_record(batch, taken.record);
    views.push_back(std::move(taken));
  }
  for (const auto& [name, view] : live_->views()) {
    if (live_->follows(name) || !building_->views().contains(name)) {
      views.push_back(view);
      continue;
    }
    retired.families.push_back(view.where);
    remove_record(batch, view.record.family);
  }
  auto next = std::make_unique<view_set>(std::move(views), live_->progress(), plan_, log_, *store_);
  {
    const auto alone = gate_.write();
    store_->write(batch);
    live_.swap(next);
    const std::lock_guard lock(guard_);
    places_ = live_->places();
  }
  spdlog::info("read models were built anew, up to position {}: {}", live_->checkpoint().value, fmt::join(names_of(*building_), ", "));
  next.reset();
  building_.reset();
  retired_.push_back(std::move(retired));
}

void read_models::drop_retired() {
  const std::unique_lock alone(files_, std::try_to_lock);
  if (!alone) return;  // the files are being rewritten: next time
  std::erase_if(retired_, [this](const retired_families& retired) {
    if (!retired.readers.expired()) return false;
    try {
      store_->drop(retired.families);
    } catch (const eventstore::store_error& failure) {
      spdlog::warn("rows of read models that were built anew are left to the next start: {}", failure.what());
    }
    for (const auto where : retired.families) std::erase(families_, where);
    return true;
  });
}

void read_models::purge() {
  const std::lock_guard alone(files_);
  store_->purge(families_);
}

void read_models::tell() {
  std::vector<parked_projection> parked;
  views_in_building building;
  for (const auto* views : {live_.get(), building_.get()})
    if (views != nullptr)
      for (const auto& [name, view] : views->views())
        if (view.record.is_parked()) parked.push_back({name, view.record.parked_at, view.record.parked_because});
  if (building_) building = {names_of(*building_), building_->checkpoint()};
  const std::lock_guard lock(guard_);
  parked_ = std::move(parked);
  told_building_ = std::move(building);
}

std::vector<parked_projection> read_models::parked() const {
  const std::lock_guard lock(guard_);
  return parked_;
}

views_in_building read_models::building() const {
  const std::lock_guard lock(guard_);
  return told_building_;
}

std::shared_ptr<const row_places> read_models::places() const {
  const std::lock_guard lock(guard_);
  return places_;
}

std::unique_ptr<row_reader> read_models::reader() const { return std::make_unique<row_reader>(places(), *store_); }

std::unique_ptr<row_reader> read_models::snapshot() const {
  auto found = places();  // first: rows that these places name are there for as long as somebody has them
  return std::make_unique<row_reader>(std::move(found), store_->snapshot());
}

reading read_models::read(position at_least) const {
  auto lock = gate_.read();
  auto rows = snapshot();
  rows->require(at_least);
  return {std::move(lock), std::move(rows), live_->indexes()};
}

std::vector<recorded_event> read_models::read_next(std::size_t most) const { return read_next(checkpoint(), log_.head().last, most); }

std::vector<recorded_event> read_models::read_next(position checkpoint, position last, std::size_t most) const {
  std::vector<recorded_event> events;
  log_.read({checkpoint.value + 1}, [&](const recorded_event& e) {
    // What an input caused stands right behind it, in the same commit: a step never ends between them.
    if (e.pos > last || (events.size() >= most && begins_commit(e))) return false;
    events.push_back(e);
    return true;
  });
  return events;
}

}  // namespace plo::projections
