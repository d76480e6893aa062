// Which tour, or which visit, an event is about. Internal to the evolve_*.cpp files.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/project/evolve_parts.hpp"

namespace plo::fold {

/// The part that the event names; without a name the latest that is open, else the latest. A name that nobody knows yet is that of the part
/// which nobody has named (`unnamed` until then), unless that is over and the event does not belong to it.
template <class Part>
Part& part_concerned(project_state& state, std::vector<Part>& all, std::string Part::*id, std::string_view name, const fact& f, const entity_key& unnamed,
                     bool (*belongs_to)(const Part& over, const fact& f)) {
  const auto named = [&](std::string_view wanted) { return std::find_if(all.begin(), all.end(), [&](const Part& p) { return p.*id == wanted; }); };
  auto known = named(name);
  if (name.empty()) {
    known = std::max_element(all.begin(), all.end(), [](const Part& a, const Part& b) {
      return std::pair(a.is_open(), a.first_named) < std::pair(b.is_open(), b.first_named);
    });
  } else if (known == all.end()) {
    known = named("");
    if (known != all.end() && !known->is_open() && !belongs_to(*known, f)) known = all.end();
    if (known != all.end()) entity_renamed(state, unnamed.scope, unnamed.name, std::string(name));
  }
  if (known == all.end()) {
    known = all.emplace(all.end());
    known->first_named = f.when();
  }
  if (!name.empty()) (*known).*id = name;
  known->first_named = std::min(known->first_named, f.when());
  return *known;
}

}  // namespace plo::fold
