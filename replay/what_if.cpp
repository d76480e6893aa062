#include "replay/what_if.hpp"

#include <algorithm>

#include "projections/project/clock_history.hpp"
#include "replay/project_at.hpp"

namespace plo::replay {

namespace {

/// Every deadline that has passed is an event, so none lies between the last event and the end of the log.
instant clock_at_end(const eventstore::log& log, bool wall) {
  const auto last = log.head().last;
  if (wall) {
    const auto e = log.at(last);
    return e ? e->recorded_at : instant{};
  }
  instant latest{};
  log.read({1}, [&](const recorded_event& e) {
    if (e.kind == event_kind::source) latest = std::max(latest, e.occurred_at);
    return true;
  });
  return latest;
}

}  // namespace

std::string what_if(const eventstore::log& log, const std::vector<rules::rule_pointer>& rules, projections::trial_settings settings) {
  settings.wall = projections::clock_history(log).wall_at(log.head().last);
  settings.now = clock_at_end(log, settings.wall);
  return projections::try_rules(log, projections::with_changed(rules_at(log, {}), rules), settings).value_or("{}");
}

}  // namespace plo::replay
