#include "domain/project/consent.hpp"

#include <algorithm>
#include <vector>

#include "domain/project/conclude.hpp"

namespace plo {

namespace {

/// A consent that ended when an order was confirmed.
struct agreed {
  sighted since;
  sighted until;
};

struct told_consent {
  consent now;
  std::vector<agreed> before;
};

told_consent tell(const project_state& state) {
  told_consent told;
  if (!state.consolidation || state.consolidation->consents.empty()) return told;
  std::vector<sighted> confirmed;
  for (const auto& o : state.orders)
    if (is_required(o)) confirmed.push_back(*o.confirmed());
  std::sort(confirmed.begin(), confirmed.end());

  auto next = confirmed.begin();
  const auto end_up_to = [&](std::optional<sighted> limit) {
    for (; next != confirmed.end() && (!limit || *next <= *limit); ++next) {
      if (told.now.since) told.before.push_back({*told.now.since, *next});
      told.now = {};
    }
  };
  for (const auto& said : state.consolidation->consents) {
    end_up_to(said.when);
    const bool final = has_left(state, told.now, said.when);
    const auto take = [&](std::optional<bool>& held, std::optional<bool> v) {
      if (v && (*v || !final)) held = v;
    };
    take(told.now.customer, said.customer);
    take(told.now.installer, said.installer);
    const bool both = told.now.customer.value_or(false) && told.now.installer.value_or(false);
    if (!both) told.now.since.reset();
    else if (!told.now.since) told.now.since = said.when;
  }
  end_up_to({});
  return told;
}

}  // namespace

consent consent_of(const project_state& state) { return tell(state).now; }

bool has_left(const project_state& state, const consent& agreed, std::optional<sighted> by) {
  const auto left = [&](const lastmile& l) { return l.left_station && *l.left_station >= *agreed.since && (!by || *l.left_station <= *by); };
  return agreed.both() && std::any_of(state.lastmiles.begin(), state.lastmiles.end(), left);
}

sighted set_at(const lastmile& tour) { return tour.slot_set.value_or(tour.first_named); }

std::optional<sighted> consented(const project_state& state, const lastmile& tour) {
  const auto told = tell(state);
  for (const auto& a : told.before)
    if (set_at(tour) < a.until) return a.since;
  return told.now.since;
}

}  // namespace plo
