#include "projections/project/project_states.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/json.hpp"
#include "domain/event/catalogue.hpp"

namespace plo::projections {

namespace {

/// Keeps the anomaly that an event is about: the state drops a resolved one when the next of its kind is raised.
void note_anomaly(const recorded_event& e, const project_state& state, std::vector<anomaly>& changed) {
  if (!e.type.starts_with("anomaly.") && e.kind != event_kind::clock) return;
  const auto data = json_document::parse(e.data);
  const auto id = data ? anomaly_id::parse(json::get_string(data->root(), "anomaly_id").value_or("")) : std::nullopt;
  if (!id) return;
  const auto same = [&](const anomaly& a) { return a.id == *id; };
  const auto now = std::find_if(state.anomalies.begin(), state.anomalies.end(), same);
  if (now == state.anomalies.end()) return;
  const auto known = std::find_if(changed.begin(), changed.end(), same);
  if (known == changed.end()) changed.push_back(*now);
  else *known = *now;
}

std::vector<project_id> projects_erased_by(const event& e) {
  std::vector<project_id> ids;
  const auto data = json_document::parse(e.data);
  if (!data) return ids;
  simdjson::dom::array listed;
  const auto member = json::get(data->root(), "project_ids");
  if (!member || member->get_array().get(listed)) return ids;
  for (const auto item : listed) {
    std::string_view text;
    if (item.get_string().get(text)) continue;
    if (const auto id = project_id::parse(text)) ids.push_back(*id);
  }
  return ids;
}

}  // namespace

std::vector<touched_project> project_states::apply(event_pointers events) {
  forget_oldest();
  taught_.clear();
  std::vector<touched_project> touched;
  std::unordered_map<project_id, std::size_t> index;
  const auto touch = [&](const project_id& id) -> touched_project& {
    const auto [slot, fresh] = index.emplace(id, touched.size());
    if (fresh) touched.push_back({nullptr, {}, {}, {}, {}, {}});
    return touched[slot->second];
  };
  for (const auto* pointer : events) {
    const auto& e = *pointer;
    const auto id = e.stream.project();
    if (!id) {
      if (e.type == own_type::customer_erased)
        for (const auto& erased : projects_erased_by(e)) {
          auto& now = touch(erased);
          now.last = e.pos;
          fold_anew(erased, e.pos, now);
        }
      continue;
    }
    // A step that failed to be written comes again: what it folded already is folded anew, from before it.
    if (const auto known = entries_.find(*id); known != entries_.end() && known->second->version >= e.version) forget(*id);
    auto& project = load(*id, e);
    const auto store = e.type == "project.created" ? project.state.store_id.value : std::nullopt;
    fold(project, e);
    auto& now = touch(*id);
    if (e.type == "project.created" && project.state.store_id.value != store) now.stores.emplace_back(e.pos, project.state.store_id.value.value_or(""));
    now.state = &project.state;
    now.last = e.pos;
    now.latest = project.latest;
    note_anomaly(e, project.state, now.anomalies);
  }
  return touched;
}

void project_states::fold_anew(const project_id& id, position up_to, touched_project& touched) {
  if (entries_.contains(id)) forget(id);
  touched.anomalies.clear();
  const auto& project = read(id, [up_to](const recorded_event& e) { return e.pos <= up_to; },
                             [&](const recorded_event& e, const project_state& state) { note_anomaly(e, state, touched.anomalies); });
  touched.latest = project.latest;
  touched.state = &project.state;
}

void project_states::fold(entry& project, const recorded_event& e) {
  const bool may_teach = risk::may_end_a_leg(e);
  const auto before = may_teach ? risk::progress_of(project.state) : risk::progress{};
  evolve(project.state, e, settings_);
  project.version = e.version;
  project.latest = std::max(project.latest, e.occurred_at);
  if (!may_teach) return;
  for (auto& leg : risk::ended_legs(before, project.state, settings_)) taught_.push_back({e.pos, std::move(leg)});
}

void project_states::forget(const project_id& id) {
  const auto known = entries_.find(id);
  recent_.erase(known->second->place);
  entries_.erase(known);
}

project_states::entry& project_states::load(const project_id& id, const recorded_event& next) {
  if (const auto known = entries_.find(id); known != entries_.end()) {
    recent_.splice(recent_.begin(), recent_, known->second->place);
    return *known->second;
  }
  std::function<bool(const recorded_event&)> past;
  if (next.version.value > 1) past = [&next](const recorded_event& e) { return e.version < next.version; };
  auto& project = read(id, past);
  if (project.version.value + 1 != next.version.value) {
    const auto missing = project.version.value + 1;
    forget(id);
    throw eventstore::store_error(fmt::format("{} has no version {}", next.stream.name, missing));
  }
  return project;
}

project_states::entry& project_states::read(const project_id& id, const std::function<bool(const recorded_event&)>& wanted,
                                            const std::function<void(const recorded_event&, const project_state&)>& folded) {
  auto fresh = std::make_unique<entry>();
  fresh->state.id = id;
  const auto fold_next = [&](const recorded_event& e) {
    if (!wanted(e)) return false;
    evolve(fresh->state, e, settings_);
    fresh->version = e.version;
    fresh->latest = std::max(fresh->latest, e.occurred_at);
    if (folded) folded(e, fresh->state);
    return true;
  };
  if (wanted) log_.read_stream(stream_id::of(id), {1}, fold_next);
  recent_.push_front(id);
  fresh->place = recent_.begin();
  return *entries_.emplace(id, std::move(fresh)).first->second;
}

void project_states::forget_oldest() {
  while (entries_.size() > max_kept_) {
    entries_.erase(recent_.back());
    recent_.pop_back();
  }
}

}  // namespace plo::projections
