#include "projections/project_states.hpp"

#include <fmt/format.h>

namespace plo::projections {

std::vector<touched_project> project_states::apply(event_pointers events) {
  forget_oldest();
  std::vector<touched_project> touched;
  std::unordered_map<project_id, std::size_t> index;
  for (const auto* pointer : events) {
    const auto& e = *pointer;
    const auto id = e.stream.project();
    if (!id) continue;
    auto& project = load(*id, e);
    // A step that failed to be written comes again: what it folded already is not folded twice.
    if (e.version > project.version) {
      evolve(project.state, e, settings_);
      project.version = e.version;
    }
    const auto [slot, fresh] = index.emplace(*id, touched.size());
    if (fresh) touched.push_back({&project.state, e.pos});
    touched[slot->second].last = e.pos;
  }
  return touched;
}

project_states::entry& project_states::load(const project_id& id, const recorded_event& next) {
  if (const auto known = entries_.find(id); known != entries_.end()) {
    recent_.splice(recent_.begin(), recent_, known->second->place);
    return *known->second;
  }
  recent_.push_front(id);
  auto fresh = std::make_unique<entry>();
  fresh->place = recent_.begin();
  fresh->state.id = id;
  if (next.version.value > 1) {
    log_.read_stream(next.stream, {1}, [&](const recorded_event& e) {
      if (e.version >= next.version) return false;
      evolve(fresh->state, e, settings_);
      fresh->version = e.version;
      return true;
    });
  }
  if (fresh->version.value + 1 != next.version.value)
    throw eventstore::store_error(fmt::format("{} has no version {}", next.stream.name, fresh->version.value + 1));
  return *entries_.emplace(id, std::move(fresh)).first->second;
}

void project_states::forget_oldest() {
  while (entries_.size() > max_kept_) {
    entries_.erase(recent_.back());
    recent_.pop_back();
  }
}

}  // namespace plo::projections
