#include "domain/project/conclude.hpp"

#include <algorithm>
#include <tuple>

#include "domain/project/conclude_steps.hpp"
#include "domain/project/consent.hpp"
#include "domain/project/entity.hpp"
#include "domain/project/stores.hpp"

namespace plo {

namespace fold {

bool is_at(const shipment& s, std::string_view station) {
  return s.actual_arrival && (station.empty() || s.destination_station_id.empty() || s.destination_station_id == station);
}

std::optional<instant> counted_as_arrived_at(const project_state& state, const order& o, std::string_view station) {
  auto at = arrived_at(o, station);
  if (state.consolidation && state.consolidation->completed_by_oms && o.confirmed_at) {
    // consolidation.complete speaks of the orders confirmed by then, not of those that come later.
    const auto complete = *state.consolidation->completed_by_oms;
    if (*o.confirmed() <= complete && (!at || complete.at < *at)) at = complete.at;
  }
  return at;
}

std::optional<instant> consolidation_complete_at(const project_state& state, std::string_view station) {
  std::optional<instant> last;
  bool any = false;
  for (const auto& o : state.orders) {
    if (!is_required(o)) continue;
    any = true;
    const auto at = counted_as_arrived_at(state, o, station);
    if (!at) return std::nullopt;
    last = later(last, at);
  }
  if (!any && state.consolidation) return time_of(state.consolidation->completed_by_oms);
  return last;
}

std::optional<instant> consolidation_started_at(const project_state& state, std::string_view station) {
  std::optional<instant> first;
  for (const auto& o : state.orders) {
    if (!is_required(o)) continue;
    if (const auto at = counted_as_arrived_at(state, o, station)) keep_earliest(first, *at);
  }
  if (!first && state.consolidation) first = time_of(state.consolidation->completed_by_oms);
  return first;
}

}  // namespace fold

namespace {

consolidation_conclusions conclude_consolidation(const project_state& state, const std::vector<order_conclusions>& orders,
                                                 std::string_view station, const domain_settings& settings) {
  consolidation_conclusions c;
  std::optional<instant> eta;
  for (std::size_t i = 0; i < state.orders.size(); ++i) {
    const auto& o = state.orders[i];
    if (!is_required(o)) continue;
    c.orders_required.push_back(o.order_ref);
    if (fold::counted_as_arrived_at(state, o, station)) {
      c.orders_arrived.push_back(o.order_ref);
    } else {
      c.orders_missing.push_back(o.order_ref);
      eta = later(eta, orders[i].latest_eta);
    }
  }
  c.partial_delivery_approved = consent_of(state).both();
  if (fold::consolidation_complete_at(state, station)) {
    c.status = consolidation_status::complete;
    return c;
  }
  if (eta) c.estimated_complete_date = zone_of(state, settings).day_of(*eta);
  else c.estimated_complete_date = state.consolidation->estimated_by_oms.value;
  // Once the OMS has called it complete it has begun, even when a new order takes that back.
  const bool begun = !c.orders_arrived.empty() || state.consolidation->completed_by_oms.has_value();
  c.status = c.partial_delivery_approved ? consolidation_status::partial_approved
             : begun                     ? consolidation_status::in_progress
                                         : consolidation_status::waiting;
  return c;
}

struct standing {
  project_status status = project_status::draft;
  std::optional<instant> closed_at;
};

order_conclusions conclude_order(const project_state& state, const order& o, const standing& project, std::string_view station, bool installed,
                                 const fold::said_about_steps& said) {
  order_conclusions c;
  bool moving = false;
  for (const auto& s : o.shipments) {
    c.last_shipment_event_at = later(c.last_shipment_event_at, s.last_event_at);
    if (s.dispatched_at) c.dispatched = true;
    if (s.actual_arrival) continue;
    c.latest_eta = later(c.latest_eta, s.estimated_arrival.value);
    if (s.dispatched_at) moving = true;
  }
  c.arrived = arrived_at(o, station).has_value();
  c.delivered = delivered(state, o).has_value();
  c.in_transit = moving && !c.delivered && !o.cancelled_at;

  using t = event_type;
  const bool begun = c.dispatched || c.arrived || o.seen.first(t::picking_started) || o.seen.first(t::picking_completed);
  if (o.cancelled_at) c.status = order_status::cancelled;
  else if (!o.confirmed_at) c.status = order_status::draft;
  else if (project.status == project_status::completed && !(project.closed_at && *o.confirmed_at > *project.closed_at)) c.status = order_status::closed;
  else if (c.delivered && installed && o.installation_required.value.value_or(false)) c.status = order_status::installed;
  else if (c.delivered) c.status = order_status::delivered;
  else if (begun) c.status = order_status::in_fulfillment;
  else c.status = order_status::confirmed;

  c.steps = fold::order_steps(state, o, c, station, said);
  return c;
}

/// Since when the project may close by itself: everything is delivered and, where an installation is required, that is closed. After
/// project.reopened it does not close again until goods are delivered or a visit is closed anew.
std::optional<instant> concluded_closing(const project_state& state) {
  if (state.status_said.value == project_status::cancelled) return std::nullopt;
  auto closing = delivered(state);
  if (!closing) return std::nullopt;
  const bool installing = installation_required(state);
  if (installing) {
    const auto closed = installation_closed(state);
    if (!closed) return std::nullopt;
    closing = later(closing, closed);
  }
  for (const auto& o : state.orders) {
    // Nothing waits for what was called off, since it was.
    if (!o.confirmed_at || !o.cancelled_at) continue;
    const bool waited_for = !delivered(state, o) || (!installing && o.installation_required.value.value_or(false));
    if (waited_for) closing = later(closing, o.cancelled());
  }
  if (state.closed.value.value_or(true) || *closing > state.closed.as_of) return closing->at;
  std::optional<sighted> anew;
  for (const auto& l : state.lastmiles)
    for (const auto& o : l.outcomes)
      if (!o.partial) anew = later(anew, std::optional(o.last));
  if (installing) anew = later(anew, installation_closed(state));
  return anew && *anew > state.closed.as_of ? std::optional(anew->at) : std::nullopt;
}

/// The newest statement about the status counts; closing and reopening are statements too.
standing conclude_standing(const project_state& state, std::optional<instant> auto_closed_at) {
  const auto& said = state.status_said;
  if (said.has() && said.as_of >= state.closed.as_of) {
    if (said.value == project_status::cancelled) return {*said.value, {}};
    if (said.value == project_status::completed) return {*said.value, said.as_of.at};
    // While it was closed nobody could have said so: what came at the same time came later.
    if (auto_closed_at && *auto_closed_at >= said.as_of.at) return {project_status::completed, auto_closed_at};
    if (said.value != project_status::draft) return {*said.value, {}};
  } else if (state.closed.value.value_or(false)) {
    return {project_status::completed, state.closed.as_of.at};
  } else if (auto_closed_at) {
    return {project_status::completed, auto_closed_at};
  }
  std::optional<sighted> confirmed;
  for (const auto& o : state.orders) confirmed = later(confirmed, o.confirmed());
  // Draft by hand holds until the next order is confirmed.
  const bool draft_by_hand = said.value == project_status::draft && said.as_of >= state.closed.as_of;
  const bool active = confirmed && (!draft_by_hand || *confirmed > said.as_of);
  return {active ? project_status::active : project_status::draft, {}};
}

struct delivery {
  std::optional<sighted> when;
  const lastmile* by = nullptr;
};

/// `for_sure`: by a delivery that says what was missing from it.
delivery delivery_of(const project_state& state, const order& o, bool for_sure = false) {
  delivery found;
  const auto confirmed = o.confirmed();
  if (!confirmed) return found;
  const auto cancelled = o.cancelled();
  for (const auto& l : state.lastmiles) {
    for (const auto& outcome : l.outcomes) {
      if (outcome.last < *confirmed || (for_sure && !outcome.told)) continue;
      if (cancelled && outcome.first >= *cancelled) continue;
      if (std::binary_search(outcome.missing.begin(), outcome.missing.end(), o.order_ref)) continue;
      const auto when = outcome.first >= *confirmed ? outcome.first : outcome.last;
      if (!found.when || when < *found.when) found = {when, &l};
    }
  }
  return found;
}

/// Nothing was missing, or what was has been cancelled.
bool is_whole(const project_state& state, const delivery_outcome& outcome) {
  return outcome.told && std::all_of(outcome.missing.begin(), outcome.missing.end(), [&](const std::string& ref) {
    const auto* o = state.find_order(ref);
    return o != nullptr && o->cancelled_at;
  });
}

}  // namespace

bool is_last_leg(const order& o, const shipment& s) {
  if (s.last_leg) return *s.last_leg;
  const auto leg = s.leg_number.value_or(1);
  return std::none_of(o.shipments.begin(), o.shipments.end(), [&](const shipment& other) {
    if (&other == &s || other.leg_number.value_or(1) <= leg) return false;
    return s.destination_station_id.empty() || other.origin_ref.empty() || s.destination_station_id == other.origin_ref;
  });
}

std::string_view station_of(const project_state& state) {
  if (state.consolidation && state.consolidation->station_id.has()) return *state.consolidation->station_id.value;
  const shipment* last = nullptr;
  // The first leg may go anywhere; one that follows another, or says that it is the last, goes to the station.
  const auto rank = [](const shipment& s) { return std::tuple(s.last_leg.value_or(false), s.leg_number.value_or(1), s.last_event_at); };
  for (const auto& o : state.orders) {
    if (o.cancelled_at) continue;
    for (const auto& s : o.shipments) {
      if (s.destination_station_id.empty() || (!s.last_leg.value_or(false) && s.leg_number.value_or(1) < 2)) continue;
      if (last == nullptr || rank(s) > rank(*last)) last = &s;
    }
  }
  return last ? std::string_view(last->destination_station_id) : std::string_view();
}

std::optional<instant> arrived_at(const order& o, std::string_view station) {
  std::optional<instant> last;
  bool all = true;
  std::int64_t highest = 1;
  for (const auto& s : o.shipments) highest = std::max(highest, s.leg_number.value_or(1));
  for (const auto& s : o.shipments) {
    // Nothing goes on from the highest leg: it need not be compared with the others.
    const bool is_highest = !s.last_leg && s.leg_number.value_or(1) == highest;
    if (!is_highest && !is_last_leg(o, s)) continue;
    if (!fold::is_at(s, station)) all = false;
    last = later(last, s.actual_arrival);
  }
  if (!all || !last) return o.arrived_at_station;
  return o.arrived_at_station && *o.arrived_at_station < *last ? o.arrived_at_station : last;
}

std::optional<sighted> delivered(const project_state& state, const order& o) { return delivery_of(state, o).when; }

const lastmile* delivered_by(const project_state& state, const order& o) { return delivery_of(state, o).by; }

std::optional<sighted> delivered(const project_state& state) {
  if (state.lastmiles.empty()) return std::nullopt;
  std::optional<sighted> last;
  bool any = false;
  for (const auto& o : state.orders) {
    if (!is_required(o)) continue;
    any = true;
    const auto at = delivery_of(state, o, true).when;
    if (!at) return std::nullopt;
    last = later(last, at);
  }
  if (any) return last;
  std::optional<sighted> first;
  for (const auto& l : state.lastmiles)
    for (const auto& o : l.outcomes)
      if (is_whole(state, o)) keep_earliest(first, o.first);
  return first;
}

bool delivered_whole(const project_state& state, const lastmile& tour) {
  return std::any_of(tour.outcomes.begin(), tour.outcomes.end(), [&](const delivery_outcome& o) { return is_whole(state, o); });
}

const lastmile* tour_for(const project_state& state, const order& o) {
  const auto confirmed = o.confirmed();
  const lastmile* first = nullptr;
  for (const auto& l : state.lastmiles) {
    if (!l.slot_start.has() || l.closed() || (confirmed && *l.slot_set < *confirmed)) continue;
    if (first == nullptr || *l.slot_start.value < *first->slot_start.value) first = &l;
  }
  return first;
}

std::optional<instant> slot_of(const project_state& state, const order& o) {
  const auto* tour = tour_for(state, o);
  return tour ? tour->slot_start.value : std::nullopt;
}

std::optional<sighted> installation_closed(const project_state& state) {
  const auto* last = current_installation(state);
  if (last == nullptr || last->status.value != installation_status::closed) return std::nullopt;
  std::optional<sighted> closed;
  for (const auto& i : state.installations) closed = later(closed, i.closed);
  return closed;
}

bool installation_required(const project_state& state) {
  return state.installation_required.value.value_or(false) ||
         std::any_of(state.orders.begin(), state.orders.end(), [](const order& o) {
           return !o.cancelled_at && o.installation_required.value.value_or(false);
         });
}

std::optional<instant> closed_at(const project_state& state, std::optional<instant> auto_closed_at) {
  return conclude_standing(state, auto_closed_at).closed_at;
}

conclusions conclude(const project_state& state, const domain_settings& settings) {
  conclusions all;
  all.auto_closed_at = concluded_closing(state);
  const auto stands = conclude_standing(state, all.auto_closed_at);
  all.status = stands.status;
  const auto station = station_of(state);
  const auto* visit = current_installation(state);
  const bool installed = visit != nullptr && (visit->status.value == installation_status::completed || visit->status.value == installation_status::closed);

  const fold::said_about_steps said(state);
  all.orders.reserve(state.orders.size());
  for (const auto& o : state.orders) {
    all.orders.push_back(conclude_order(state, o, stands, station, installed, said));
    if (o.cancelled_at) continue;
    const auto latest = [](std::optional<local_day>& held, const std::optional<local_day>& day) {
      if (day && (!held || *day > *held)) held = day;
    };
    latest(all.promised_delivery_date, o.promised_delivery_date.value);
    latest(all.promised_installation_date, o.promised_installation_date.value);
  }
  if (!all.promised_installation_date) all.promised_installation_date = state.promised_installation_date_of_project.value;
  if (state.consolidation) all.consolidation = conclude_consolidation(state, all.orders, station, settings);
  all.steps = fold::project_steps(state, all, zone_of(state, settings), station, said);
  if (visit != nullptr) all.installation_steps = fold::installation_steps(*visit, all, zone_of(state, settings), said);
  return all;
}

conclusions held_conclusions(const project_state& state) {
  conclusions held;
  for (const auto& o : state.orders) held.orders.push_back(o.concluded);
  if (state.consolidation) held.consolidation = state.consolidation->concluded;
  held.promised_delivery_date = state.promised_delivery_date;
  held.promised_installation_date = state.promised_installation_date;
  held.auto_closed_at = state.auto_closed_at;
  held.status = state.status;
  held.steps = state.steps;
  held.installation_steps = state.installation_steps;
  return held;
}

}  // namespace plo
