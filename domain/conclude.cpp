#include "domain/conclude.hpp"

#include <algorithm>

#include "domain/conclude_steps.hpp"

namespace plo {

namespace fold {

std::optional<instant> counted_as_arrived_at(const project_state& state, const order& o) {
  auto at = arrived_at(o);
  if (state.consolidation && state.consolidation->completed_by_oms.has() && o.confirmed_at) {
    // consolidation.complete speaks of the orders confirmed by then, not of those that come later.
    const instant complete = *state.consolidation->completed_by_oms.value;
    if (*o.confirmed_at <= complete && (!at || complete < *at)) at = complete;
  }
  return at;
}

std::optional<instant> consolidation_complete_at(const project_state& state) {
  std::optional<instant> last;
  bool any = false;
  for (const auto& o : state.orders) {
    if (!is_required(o)) continue;
    any = true;
    const auto at = counted_as_arrived_at(state, o);
    if (!at) return std::nullopt;
    last = later(last, at);
  }
  if (!any && state.consolidation) return state.consolidation->completed_by_oms.value;
  return last;
}

std::optional<instant> consolidation_started_at(const project_state& state) {
  std::optional<instant> first;
  for (const auto& o : state.orders) {
    if (!is_required(o)) continue;
    if (const auto at = counted_as_arrived_at(state, o)) keep_earliest(first, *at);
  }
  if (!first && state.consolidation) first = state.consolidation->completed_by_oms.value;
  return first;
}

}  // namespace fold

namespace {

consolidation_conclusions conclude_consolidation(const project_state& state, const std::vector<order_conclusions>& orders,
                                                 const domain_settings& settings) {
  consolidation_conclusions c;
  std::optional<instant> eta;
  for (std::size_t i = 0; i < state.orders.size(); ++i) {
    const auto& o = state.orders[i];
    if (!is_required(o)) continue;
    c.orders_required.push_back(o.order_ref);
    if (fold::counted_as_arrived_at(state, o)) {
      c.orders_arrived.push_back(o.order_ref);
    } else {
      c.orders_missing.push_back(o.order_ref);
      eta = later(eta, orders[i].latest_eta);
    }
  }
  c.partial_delivery_approved = state.consolidation->consent.both();
  if (fold::consolidation_complete_at(state)) {
    c.status = consolidation_status::complete;
    return c;
  }
  if (eta) c.estimated_complete_date = settings.tz.day_of(*eta);
  else c.estimated_complete_date = state.consolidation->estimated_by_oms.value;
  // Once the OMS has called it complete it has begun, even when a new order takes that back.
  const bool begun = !c.orders_arrived.empty() || state.consolidation->completed_by_oms.has();
  c.status = c.partial_delivery_approved ? consolidation_status::partial_approved
             : begun                     ? consolidation_status::in_progress
                                         : consolidation_status::waiting;
  return c;
}

order_conclusions conclude_order(const project_state& state, const order& o, bool project_closed, const fold::said_about_steps& said) {
  order_conclusions c;
  bool moving = false;
  for (const auto& s : o.shipments) {
    c.last_shipment_event_at = later(c.last_shipment_event_at, s.last_event_at);
    if (s.dispatched_at) c.dispatched = true;
    if (s.actual_arrival) continue;
    c.latest_eta = later(c.latest_eta, s.estimated_arrival.value);
    if (s.dispatched_at) moving = true;
  }
  c.arrived = arrived_at(o).has_value();
  c.delivered = delivered_at(state, o).has_value();
  c.in_transit = moving && !c.delivered && !o.cancelled_at;

  using t = event_type;
  const auto& i = state.installation;
  const bool installed = i && i->status.has() &&
                         (*i->status.value == installation_status::completed || *i->status.value == installation_status::closed);
  const bool begun = c.dispatched || c.arrived || o.seen.first(t::picking_started) || o.seen.first(t::picking_completed);
  if (o.cancelled_at) c.status = order_status::cancelled;
  else if (!o.confirmed_at) c.status = order_status::draft;
  else if (project_closed) c.status = order_status::closed;
  else if (c.delivered && installed && o.installation_required.value.value_or(false)) c.status = order_status::installed;
  else if (c.delivered) c.status = order_status::delivered;
  else if (begun) c.status = order_status::in_fulfillment;
  else c.status = order_status::confirmed;

  c.steps = fold::order_steps(state, o, c, said);
  return c;
}

/// Since when the project may close by itself: its last mile is delivered and, where one is required, its installation is
/// closed. Orders confirmed after that do not open it again; nor does it close again after project.reopened, until the
/// goods are delivered or the installation is closed anew.
std::optional<instant> concluded_closing(const project_state& state) {
  if (!state.lastmile || !state.lastmile->delivered) return std::nullopt;
  if (state.status_said.value == project_status::cancelled) return std::nullopt;
  const std::optional<instant> reopened =
      state.closed.has() && !*state.closed.value ? std::optional(state.closed.as_of) : std::nullopt;
  std::optional<instant> delivered;
  for (const auto& o : state.lastmile->outcomes) {
    if (!o.partial) delivered = reopened && o.first_at <= *reopened ? o.last_at : o.first_at;
  }

  // What was required when it was delivered; an order that came later has no say.
  bool required_then = state.installation_required.value.value_or(false);
  std::optional<instant> waived;  // when the last requirement went away
  for (const auto& o : state.orders) {
    if (!o.installation_required.value.value_or(false)) continue;
    if (o.confirmed_at.value_or(o.installation_required.as_of) > *delivered) continue;
    if (!o.cancelled_at || *o.cancelled_at > *delivered) required_then = true;
    if (o.cancelled_at) waived = later(waived, o.cancelled_at);
  }
  std::optional<instant> closing = delivered;
  if (required_then) {
    const auto& i = state.installation;
    const bool done = i && i->status.value == installation_status::closed;
    if (done) closing = later(delivered, i->closed_at);
    else if (!installation_required(state)) closing = later(delivered, waived);
    else return std::nullopt;
  }
  if (reopened && *closing <= *reopened) return std::nullopt;
  return closing;
}

/// The newest statement about the status counts; closing and reopening are statements too.
struct standing {
  project_status status = project_status::draft;
  std::optional<instant> closed_at;
};

standing conclude_standing(const project_state& state, std::optional<instant> auto_closed_at) {
  const auto& said = state.status_said;
  if (said.has() && said.as_of >= state.closed.as_of) {
    if (said.value == project_status::cancelled) return {*said.value, {}};
    if (said.value == project_status::completed) return {*said.value, said.as_of};
    if (auto_closed_at && *auto_closed_at > said.as_of) return {project_status::completed, auto_closed_at};
    if (said.value != project_status::draft) return {*said.value, {}};
  } else if (state.closed.value.value_or(false)) {
    return {project_status::completed, state.closed.as_of};
  } else if (auto_closed_at) {
    return {project_status::completed, auto_closed_at};
  }
  std::optional<instant> confirmed;
  for (const auto& o : state.orders) confirmed = later(confirmed, o.confirmed_at);
  // Draft by hand holds until the next order is confirmed.
  const bool draft_by_hand = said.value == project_status::draft && said.as_of >= state.closed.as_of;
  const bool active = confirmed && (!draft_by_hand || *confirmed > said.as_of);
  return {active ? project_status::active : project_status::draft, {}};
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

std::optional<instant> arrived_at(const order& o) {
  std::optional<instant> last;
  bool all = true;
  std::int64_t highest = 1;
  for (const auto& s : o.shipments) highest = std::max(highest, s.leg_number.value_or(1));
  for (const auto& s : o.shipments) {
    // Nothing goes on from the highest leg: it need not be compared with the others.
    const bool is_highest = !s.last_leg && s.leg_number.value_or(1) == highest;
    if (!is_highest && !is_last_leg(o, s)) continue;
    if (!s.actual_arrival) all = false;
    last = later(last, s.actual_arrival);
  }
  if (!all || !last) return o.arrived_at_station;
  return o.arrived_at_station && *o.arrived_at_station < *last ? o.arrived_at_station : last;
}

std::optional<instant> delivered_at(const project_state& state, const order& o) {
  if (!state.lastmile || !o.confirmed_at) return std::nullopt;
  std::optional<instant> first;
  for (const auto& outcome : state.lastmile->outcomes) {
    if (outcome.last_at < *o.confirmed_at) continue;
    if (o.cancelled_at && outcome.first_at >= *o.cancelled_at) continue;
    if (std::binary_search(outcome.missing.begin(), outcome.missing.end(), o.order_ref)) continue;
    keep_earliest(first, outcome.first_at >= *o.confirmed_at ? outcome.first_at : outcome.last_at);
  }
  return first;
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
  all.status = conclude_standing(state, all.auto_closed_at).status;

  const fold::said_about_steps said(state);
  all.orders.reserve(state.orders.size());
  for (const auto& o : state.orders) {
    all.orders.push_back(conclude_order(state, o, all.status == project_status::completed, said));
    if (o.cancelled_at) continue;
    const auto latest = [](std::optional<local_day>& held, const std::optional<local_day>& day) {
      if (day && (!held || *day > *held)) held = day;
    };
    latest(all.promised_delivery_date, o.promised_delivery_date.value);
    latest(all.promised_installation_date, o.promised_installation_date.value);
  }
  if (!all.promised_installation_date) all.promised_installation_date = state.promised_installation_date_of_project.value;
  if (state.consolidation) all.consolidation = conclude_consolidation(state, all.orders, settings);
  all.steps = fold::project_steps(state, all, settings, said);
  if (state.installation) all.installation_steps = fold::installation_steps(state, all, settings, said);
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
  if (state.installation) held.installation_steps = state.installation->steps;
  return held;
}

}  // namespace plo
