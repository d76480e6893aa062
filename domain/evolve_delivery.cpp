#include <algorithm>
#include <tuple>

#include "domain/evolve_parts.hpp"

namespace plo::fold {

namespace {

plo::consolidation& consolidation_of(project_state& state, const event& e) {
  if (!state.consolidation) {
    state.consolidation.emplace();
    state.consolidation->consolidation_id = derive_uuid(e.id.value, "consolidation").to_string();
  }
  return *state.consolidation;
}

/// A consent can be taken back only while nothing has left the station.
void refresh_consent(project_state& state) {
  if (!state.consolidation) return;
  auto& c = *state.consolidation;
  const auto left = state.lastmile ? state.lastmile->left_station_at : std::nullopt;
  c.consent = {};
  c.partial_approved_at.reset();
  for (const auto& said : c.consents) {
    const bool final = left && said.at >= *left;
    const auto take = [&](dated<bool>& held, std::optional<bool> v) {
      if (v && (*v || !final)) held.set(*v, said.at);
    };
    take(c.consent.customer, said.customer);
    take(c.consent.installer, said.installer);
    if (!c.consent.both()) c.partial_approved_at.reset();
    else if (!c.partial_approved_at) c.partial_approved_at = said.at;
  }
}

struct slot {
  instant start;
  instant end;
};

/// scheduled_date and time_slot in the zone. Without a time it is the whole day.
std::optional<slot> read_slot(const fact& f) {
  const auto date = f.data->day("scheduled_date");
  if (!date) return std::nullopt;
  const auto times = f.data->object("time_slot");
  const auto time = [&](std::string_view key) -> std::optional<std::chrono::minutes> {
    const auto text = times ? times->text(key) : std::nullopt;
    return text ? parse_time_of_day(*text) : std::nullopt;
  };
  const zone& tz = f.settings.tz;
  slot s{tz.at(*date), tz.at(*date, std::chrono::hours{24})};
  const auto start = time("start");
  const auto end = time("end");
  if (start) s.start = tz.at(*date, *start);
  else if (!end) s.start = f.data->moment("scheduled_date").value_or(s.start);
  if (end) s.end = start && *end < *start ? tz.at(*date + date::days{1}, *end) : tz.at(*date, *end);
  return s;
}

void set_slot(plo::lastmile& l, const slot& s, instant at) {
  if (!l.slot_start.has() || at >= l.slot_start.as_of) {
    if (l.slot_start.has()) {
      l.previous_slot_start = l.slot_start.value;
      l.previous_slot_as_of = l.slot_start.as_of;
    }
    l.slot_start.set(s.start, at);
    l.slot_end.set(s.end, at);
    l.slot_set_at = at;
  } else if (at >= l.previous_slot_as_of) {
    l.previous_slot_start = s.start;
    l.previous_slot_as_of = at;
  }
}

/// delivered, unless it says itself that something was missing.
bool is_partial_delivery(const fact& f, const std::vector<std::string>& missing) {
  if (f.type == event_type::lastmile_partial_delivered) return true;
  return f.data->flag("is_partial").value_or(!missing.empty());
}

void delivery_made(plo::lastmile& l, const fact& f) {
  auto missing = f.data->texts("missing_order_ids").value_or(std::vector<std::string>{});
  const bool partial = is_partial_delivery(f, missing);
  if (!partial) missing.clear();
  std::sort(missing.begin(), missing.end());
  missing.erase(std::unique(missing.begin(), missing.end()), missing.end());

  l.status.set(partial ? lastmile_status::partial_delivered : lastmile_status::delivered, f.at);
  l.is_partial.set(partial, f.at);
  l.missing_order_ids.set(missing, f.at);
  const auto same = std::find_if(l.outcomes.begin(), l.outcomes.end(), [&](const delivery_outcome& o) {
    return o.partial == partial && o.missing == missing;
  });
  if (same != l.outcomes.end()) {
    same->first_at = std::min(same->first_at, f.at);
    same->last_at = std::max(same->last_at, f.at);
  } else {
    const auto before = [](const delivery_outcome& a, const delivery_outcome& b) {
      return std::tie(a.partial, a.missing) < std::tie(b.partial, b.missing);
    };
    delivery_outcome fresh{partial, std::move(missing), f.at, f.at};
    l.outcomes.insert(std::lower_bound(l.outcomes.begin(), l.outcomes.end(), fresh, before), std::move(fresh));
  }

  l.delivered = false;
  l.delivered_at.reset();
  for (const auto& o : l.outcomes) {
    if (!o.partial) {
      l.delivered = true;
      l.delivered_at = o.first_at;
      break;
    }
    keep_latest(l.delivered_at, o.last_at);
  }
}

}  // namespace

void open_consolidation(project_state& state, const event& e) {
  std::optional<instant> first;
  for (const auto& o : state.orders) {
    for (const auto& said : o.confirmations) {
      if (said.confirmed) keep_earliest(first, said.at);
    }
  }
  if (first) consolidation_of(state, e).opened_at = first;
}

void consent_said(project_state& state, const event& e, std::optional<bool> customer, std::optional<bool> installer) {
  if (!customer && !installer) return;
  auto& list = consolidation_of(state, e).consents;
  const auto behind = std::upper_bound(list.begin(), list.end(), e.occurred_at,
                                       [](instant t, const consolidation::consent_said& s) { return t < s.at; });
  list.insert(behind, {e.occurred_at, customer, installer});
  refresh_consent(state);
}

void consolidation_event(project_state& state, const fact& f) {
  using t = event_type;
  auto& c = consolidation_of(state, f.source);
  c.id_since.take(c.consolidation_id, f.data->text("consolidation_id"), f.at);
  c.station_id.set_if(f.data->text("station_id"), f.at);
  c.station_name.set_if(f.data->text("station_name"), f.at);
  c.estimated_by_oms.set_if(f.data->day("estimated_complete_date"), f.at);
  switch (f.type) {
    case t::consolidation_complete: c.completed_by_oms.set(f.at, f.at); break;
    case t::consolidation_partial_approved:
      consent_said(state, f.source, f.data->flag("customer"), f.data->flag("installer"));
      break;
    default: break;
  }
}

void lastmile_event(project_state& state, const fact& f) {
  using t = event_type;
  if (!state.lastmile) state.lastmile.emplace();
  auto& l = *state.lastmile;
  l.id_since.take(l.lastmile_id, f.data->text("lastmile_id"), f.at);
  l.carrier.set_if(f.data->text("carrier"), f.at);
  l.carrier_tracking_ref.set_if(f.data->text("carrier_tracking_ref"), f.at);
  l.pod_url.set_if(f.data->text("pod_url"), f.at);

  switch (f.type) {
    case t::lastmile_scheduled:
    case t::lastmile_rescheduled:
      l.ever_scheduled = true;
      l.status.set(lastmile_status::scheduled, f.at);
      l.is_partial.set_if(f.data->flag("is_partial"), f.at);
      l.missing_order_ids.set_if(f.data->texts("missing_order_ids"), f.at);
      if (const auto s = read_slot(f)) set_slot(l, *s, f.at);
      break;
    case t::lastmile_in_transit:
      l.status.set(lastmile_status::in_transit, f.at);
      keep_earliest(l.left_station_at, f.at);
      break;
    case t::lastmile_delivered:
    case t::lastmile_partial_delivered:
      delivery_made(l, f);
      keep_earliest(l.left_station_at, f.at);
      keep_latest(l.last_closing_at, f.at);
      break;
    case t::lastmile_failed:
      l.status.set(lastmile_status::failed, f.at);
      keep_latest(l.last_closing_at, f.at);
      break;
    default: break;  // damaged: nothing changes but what stands on the timeline
  }
  const bool since_slot = l.last_closing_at && (!l.slot_set_at || *l.last_closing_at >= *l.slot_set_at);
  l.closed_at = since_slot ? l.last_closing_at : std::nullopt;
  name_missing_orders(state);
  refresh_consent(state);
}

void name_missing_orders(project_state& state) {
  if (!state.lastmile) return;
  const auto by_ref = [&](std::vector<std::string>& names) {
    for (auto& name : names) {
      // Only a name that looks like an id can be one.
      if (name.size() != 36 || !uuid::parse(name)) continue;
      if (const auto* o = state.find_order(name)) name = o->order_ref;
    }
  };
  if (state.lastmile->missing_order_ids.has()) by_ref(*state.lastmile->missing_order_ids.value);
  for (auto& o : state.lastmile->outcomes) {
    by_ref(o.missing);
    std::sort(o.missing.begin(), o.missing.end());
  }
}

}  // namespace plo::fold
