#include "projections/core/view_set.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/printable.hpp"

namespace plo::projections {

view_set::view_set(std::vector<set_view> views, fold_progress progress, const view_plan& plan, const eventstore::log& log,
                   const eventstore::kv_store& store)
    : store_(store), progress_(progress), next_(progress) {
  for (auto& view : views) views_.emplace(view.record.view, std::move(view));
  modules_ = plan.make({log, progress_.checkpoint, indexes_});
  row_places places;
  each_projection(modules_, [&](const projection& p) {
    auto& place = places[std::string(p.name())];
    const auto known = views_.find(p.name());
    if (known == views_.end()) return;
    place.where = known->second.where;
    if (!known->second.follows) place.stands_at = known->second.record.progress.checkpoint;
  });
  places_ = std::make_shared<const row_places>(std::move(places));
  const row_reader rows(places_, store_);
  each_projection(modules_, [&](projection& p) {
    if (views_.contains(p.name())) p.load(rows);
  });
}

bool view_set::follows(std::string_view view) const {
  const auto known = views_.find(view);
  return known != views_.end() && known->second.follows;
}

bool view_set::is_acted_on() const {
  bool any = false;
  each_projection(modules_, [&](const projection& p) { any = any || (p.is_acted_on() && views_.contains(p.name())); });
  return any;
}

const fold_progress& view_set::fold(event_pointers events, eventstore::kv_batch& batch) {
  if (events.front()->pos.value != progress_.checkpoint.value + 1)
    throw eventstore::store_error(
        fmt::format("the read models stand at {} and were given {}", progress_.checkpoint.value, events.front()->pos.value));
  const row_reader views(places_, store_);
  row_batch rows(*places_, batch);
  for (const auto& module : modules_) {
    if (module.shared) {
      if (!follows(module.shared->name())) continue;  // then none of the module does
      module.shared->apply(events, views, rows);
    }
    for (const auto& p : module.projections)
      if (follows(p->name())) fold(*p, events, views, batch);
  }
  next_ = extend(progress_, events);
  for (const auto& [name, view] : views_) {
    auto record = view.record;
    if (view.follows) record.progress = next_;
    if (view.follows || record.is_parked()) put_record(batch, record);
  }
  return next_;
}

void view_set::fold(projection& p, event_pointers events, const row_reader& views, eventstore::kv_batch& batch) {
  const auto changes_before = batch.changes.size();
  try {
    row_batch rows(*places_, batch);
    p.apply(events, views, rows);
  } catch (const eventstore::store_error&) {
    throw;  // the store's failure, not the projection's: the step comes again
  } catch (const std::exception& failure) {
    batch.changes.resize(changes_before);
    park(p, events, views, failure.what());
  }
}

void view_set::publish() {
  progress_ = next_;
  for (auto& [name, view] : views_)
    if (view.follows) view.record.progress = progress_;
  each_projection(modules_, [this](projection& p) {
    if (follows(p.name())) p.publish();
  });
}

void view_set::park(projection& failed, event_pointers events, const row_reader& views, const std::string& reason) {
  // Which commit of the step it is: what it makes of each one alone is thrown away.
  auto at = events.front()->pos;
  for (std::size_t from = 0; from < events.size();) {
    auto until = from + 1;
    while (until < events.size() && follows_its_cause(*events[until])) ++until;
    try {
      eventstore::kv_batch scratch;
      row_batch rows(*places_, scratch);
      failed.apply(events.subspan(from, until - from), views, rows);
    } catch (const std::exception&) {
      at = events[from]->pos;
      break;
    }
    from = until;
  }
  spdlog::error("the projection {} is parked: it cannot fold the event at position {}: {}", failed.name(), at.value, printable(reason));
  auto& view = views_.find(failed.name())->second;
  view.follows = false;
  view.record.parked_at = at;
  view.record.parked_because = reason;
}

}  // namespace plo::projections
