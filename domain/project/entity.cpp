#include "domain/project/entity.hpp"

#include <algorithm>
#include <tuple>

namespace plo {

namespace {

std::string_view name_of(const lastmile& l) { return l.lastmile_id.empty() ? unnamed_lastmile : std::string_view(l.lastmile_id); }
std::string_view name_of(const installation& i) { return i.installation_id.empty() ? unnamed_installation : std::string_view(i.installation_id); }

/// By its start, or by when it was first heard of.
auto in_time(const installation& i) { return std::tuple(i.scheduled_start.value.value_or(i.first_named.at), i.first_named); }

template <class Part>
const Part* find_named(const std::vector<Part>& parts, std::string_view name) {
  const auto found = std::find_if(parts.begin(), parts.end(), [&](const Part& p) { return name_of(p) == name; });
  return found == parts.end() ? nullptr : &*found;
}

template <class Part>
const Part* last_touched(const std::vector<Part>& parts) {
  const auto found = std::max_element(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.touched < b.touched; });
  return found == parts.end() ? nullptr : &*found;
}

}  // namespace

const lastmile* current_lastmile(const project_state& state) {
  const lastmile* best = nullptr;
  const auto rank = [](const lastmile& l) { return std::tuple(l.is_open(), l.first_named); };
  for (const auto& l : state.lastmiles)
    if (best == nullptr || rank(l) > rank(*best)) best = &l;
  return best;
}

const installation* current_installation(const project_state& state) {
  const installation *next = nullptr, *last = nullptr;
  for (const auto& i : state.installations) {
    if (i.is_open() && (next == nullptr || in_time(i) < in_time(*next))) next = &i;
    // A visit that was called off is the last one only where there is no other.
    const auto rank = [](const installation& v) { return std::tuple(!v.is_cancelled(), in_time(v)); };
    if (last == nullptr || rank(i) > rank(*last)) last = &i;
  }
  return next ? next : last;
}

const lastmile* find_lastmile(const project_state& state, std::string_view id) { return find_named(state.lastmiles, id); }
const installation* find_installation(const project_state& state, std::string_view id) { return find_named(state.installations, id); }

const lastmile* lastmile_concerned(const project_state& state, std::string_view named) {
  return named.empty() ? last_touched(state.lastmiles) : find_lastmile(state, named);
}
const installation* installation_concerned(const project_state& state, std::string_view named) {
  return named.empty() ? last_touched(state.installations) : find_installation(state, named);
}

std::vector<entity> entities_of(event_scope scope, const project_state& state) {
  std::vector<entity> all;
  switch (scope) {
    case event_scope::project: all.push_back({scope}); break;
    case event_scope::consolidation:
      if (state.consolidation) all.push_back({scope});
      break;
    case event_scope::order:
      for (const auto& o : state.orders) all.push_back({scope, &o});
      break;
    case event_scope::lastmile:
      for (const auto& l : state.lastmiles) all.push_back({scope, nullptr, &l});
      break;
    case event_scope::installation:
      for (const auto& i : state.installations) all.push_back({scope, nullptr, nullptr, &i});
      break;
  }
  return all;
}

entity find_entity(const entity_key& key, const project_state& state) {
  entity found{key.scope};
  if (key.scope == event_scope::order) found.of_order = state.find_order(key.name);
  if (key.scope == event_scope::lastmile) found.tour = find_lastmile(state, key.name);
  if (key.scope == event_scope::installation) found.visit = find_installation(state, key.name);
  return found;
}

std::string name_of(const entity& e, const project_state& state) {
  std::string name;
  switch (e.scope) {
    case event_scope::project: break;
    case event_scope::order: name = e.of_order ? e.of_order->order_ref : ""; break;
    case event_scope::consolidation: name = state.consolidation ? state.consolidation->consolidation_id : ""; break;
    case event_scope::lastmile: name = e.tour ? name_of(*e.tour) : ""; break;
    case event_scope::installation: name = e.visit ? name_of(*e.visit) : ""; break;
  }
  return name.empty() ? state.id.to_string() : name;
}

bool is_cancelled(const entity& e) {
  switch (e.scope) {
    case event_scope::order: return e.of_order != nullptr && e.of_order->cancelled_at.has_value();
    case event_scope::installation: return e.visit != nullptr && e.visit->is_cancelled();
    default: return false;
  }
}

}  // namespace plo
