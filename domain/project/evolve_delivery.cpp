#include <algorithm>
#include <tuple>

#include "domain/project/entity.hpp"
#include "domain/project/evolve_concerned.hpp"

namespace plo::fold {

namespace {

plo::consolidation& consolidation_of(project_state& state, const event& e) {
  if (!state.consolidation) {
    state.consolidation.emplace();
    state.consolidation->consolidation_id = derive_uuid(e.id.value, "consolidation").to_string();
  }
  return *state.consolidation;
}

/// Whether the event may be the first that names a tour which is over.
bool belongs_to(const plo::lastmile& over, const fact& f) { return f.when() < *over.closed() || f.type == event_type::lastmile_damaged; }

/// scheduled_date and time_slot. Without a time it is the whole day.
std::optional<local_slot> read_slot(const fact& f) {
  const auto date = f.data->day("scheduled_date");
  if (!date) return std::nullopt;
  const auto times = f.data->object("time_slot");
  const auto time = [&](std::string_view key) -> std::optional<std::chrono::minutes> {
    const auto text = times ? times->text(key) : std::nullopt;
    return text ? parse_time_of_day(*text) : std::nullopt;
  };
  local_slot s{*date, time("start"), time("end"), {}};
  if (!s.start && !s.end && !parse_day(f.data->text("scheduled_date").value_or(""))) s.exact = f.data->moment("scheduled_date");
  return s;
}

/// Whether the slot is the newest that was said.
bool set_slot(plo::lastmile& l, const local_slot& s, const fact& f) {
  const auto when = f.when();
  keep_earliest(l.first_slot, when);
  if (l.slot_set && l.slot == s) {
    // Confirmed again: nothing moved.
    keep_latest(l.slot_set, when);
    l.slot_start.as_of = l.slot_end.as_of = l.slot_set->at;
    return true;
  }
  const bool newest = !l.slot_set || when >= *l.slot_set;
  if (newest) {
    if (l.slot_set) {
      l.previous_slot = l.slot;
      l.previous_slot_start = l.slot_start.value;
      l.previous_slot_as_of = *l.slot_set;
    }
    l.slot = s;
    l.slot_set = when;
    l.slot_start = {s.begins(f.settings.tz), when.at};
    l.slot_end = {s.ends(f.settings.tz), when.at};
  } else if (when >= l.previous_slot_as_of) {
    l.previous_slot = s;
    l.previous_slot_start = s.begins(f.settings.tz);
    l.previous_slot_as_of = when;
  }
  return newest;
}

/// delivered, unless it says itself that something was missing.
bool is_partial_delivery(const fact& f, const std::vector<std::string>& missing) {
  if (f.type == event_type::lastmile_partial_delivered) return true;
  return f.data->flag("is_partial").value_or(!missing.empty());
}

void delivery_made(plo::lastmile& l, const fact& f) {
  const auto named = f.data->texts("missing_order_ids");
  auto missing = named.value_or(std::vector<std::string>{});
  const bool partial = is_partial_delivery(f, missing);
  if (!partial) missing.clear();
  const bool told = !partial || named.has_value();
  std::sort(missing.begin(), missing.end());
  missing.erase(std::unique(missing.begin(), missing.end()), missing.end());

  l.status.set(partial ? lastmile_status::partial_delivered : lastmile_status::delivered, f.at);
  l.is_partial.set(partial, f.at);
  l.missing_order_ids.set(missing, f.at);
  const auto same = std::find_if(l.outcomes.begin(), l.outcomes.end(), [&](const delivery_outcome& o) {
    return o.partial == partial && o.told == told && o.missing == missing;
  });
  if (same != l.outcomes.end()) {
    same->first = std::min(same->first, f.when());
    same->last = std::max(same->last, f.when());
  } else {
    const auto before = [](const delivery_outcome& a, const delivery_outcome& b) {
      return std::tie(a.partial, a.told, a.missing) < std::tie(b.partial, b.told, b.missing);
    };
    delivery_outcome fresh{partial, told, std::move(missing), f.when(), f.when()};
    l.outcomes.insert(std::lower_bound(l.outcomes.begin(), l.outcomes.end(), fresh, before), std::move(fresh));
  }

  l.delivered = false;
  l.delivered_at.reset();
  for (const auto& o : l.outcomes) {
    if (!o.partial) {
      l.delivered = true;
      l.delivered_at = o.first.at;
      break;
    }
    keep_latest(l.delivered_at, o.last.at);
  }
}

}  // namespace

void resolve_slots(project_state& state, const zone& tz) {
  for (auto& l : state.lastmiles) {
    if (l.slot_set) {
      l.slot_start.value = l.slot.begins(tz);
      l.slot_end.value = l.slot.ends(tz);
    }
    if (l.previous_slot_start) l.previous_slot_start = l.previous_slot.begins(tz);
  }
}

void open_consolidation(project_state& state, const event& e) {
  std::optional<instant> first;
  for (const auto& o : state.orders) {
    for (const auto& said : o.confirmations) {
      if (said.confirmed) keep_earliest(first, said.when.at);
    }
  }
  if (first) consolidation_of(state, e).opened_at = first;
}

void consent_said(project_state& state, const event& e, sighted when, std::optional<bool> customer, std::optional<bool> installer) {
  if (!customer && !installer) return;
  auto& list = consolidation_of(state, e).consents;
  const auto behind = std::upper_bound(list.begin(), list.end(), when, [](sighted t, const consolidation::consent_said& s) { return t < s.when; });
  list.insert(behind, {when, customer, installer});
}

not_applied consolidation_event(project_state& state, const fact& f) {
  using t = event_type;
  auto& c = consolidation_of(state, f.source);
  c.id_since.take(c.consolidation_id, f.data->text("consolidation_id"), f.at);
  c.station_id.set_if(f.data->text("station_id"), f.at);
  c.station_name.set_if(f.data->text("station_name"), f.at);
  const bool estimated = c.estimated_by_oms.set_if(f.data->day("estimated_complete_date"), f.at);
  switch (f.type) {
    case t::consolidation_complete: keep_latest(c.completed_by_oms, f.when()); return {};
    case t::consolidation_partial_approved:
      consent_said(state, f.source, f.when(), f.data->flag("customer"), f.data->flag("installer"));
      return {};
    case t::consolidation_eta_updated:
      if (!f.data->has("estimated_complete_date")) return "it gives no date";
      return estimated ? not_applied() : older;
    default: return {};
  }
}

not_applied lastmile_event(project_state& state, const fact& f) {
  using t = event_type;
  auto& l = part_concerned(state, state.lastmiles, &plo::lastmile::lastmile_id, f.data->text("lastmile_id").value_or(""), f,
                           {event_scope::lastmile, std::string(unnamed_lastmile)}, belongs_to);
  l.touched = f.version;
  l.seen.note(f.type, f.at, f.version);
  l.carrier.set_if(f.data->text("carrier"), f.at);
  l.carrier_tracking_ref.set_if(f.data->text("carrier_tracking_ref"), f.at);
  l.pod_url.set_if(f.data->text("pod_url"), f.at);
  not_applied refused;

  switch (f.type) {
    case t::lastmile_scheduled:
    case t::lastmile_rescheduled:
      l.ever_scheduled = true;
      l.status.set(lastmile_status::scheduled, f.at);
      l.is_partial.set_if(f.data->flag("is_partial"), f.at);
      l.missing_order_ids.set_if(f.data->texts("missing_order_ids"), f.at);
      if (const auto s = read_slot(f); s && !set_slot(l, *s, f)) refused = older;
      break;
    case t::lastmile_in_transit:
      l.status.set(lastmile_status::in_transit, f.at);
      keep_earliest(l.left_station, f.when());
      break;
    case t::lastmile_delivered:
    case t::lastmile_partial_delivered:
      delivery_made(l, f);
      keep_earliest(l.left_station, f.when());
      keep_latest(l.last_closing, f.when());
      break;
    case t::lastmile_failed:
      l.status.set(lastmile_status::failed, f.at);
      keep_latest(l.last_closing, f.when());
      break;
    default: break;  // damaged: nothing changes but what stands on the timeline
  }
  name_missing_orders(state);
  return refused;
}

void name_missing_orders(project_state& state) {
  const auto by_ref = [&](std::vector<std::string>& names) {
    for (auto& name : names) {
      // Only a name that looks like an id can be one.
      if (name.size() != 36 || !uuid::parse(name)) continue;
      if (const auto* o = state.find_order(name)) name = o->order_ref;
    }
  };
  for (auto& l : state.lastmiles) {
    if (l.missing_order_ids.has()) by_ref(*l.missing_order_ids.value);
    for (auto& o : l.outcomes) {
      by_ref(o.missing);
      std::sort(o.missing.begin(), o.missing.end());
    }
  }
}

}  // namespace plo::fold

namespace plo {

instant local_slot::begins(const zone& tz) const { return exact ? *exact : tz.at(date, start.value_or(std::chrono::minutes{0})); }

instant local_slot::ends(const zone& tz) const {
  if (!end) return tz.at(date, std::chrono::hours{24});
  return start && *end < *start ? tz.at(date + date::days{1}, *end) : tz.at(date, *end);
}

}  // namespace plo
