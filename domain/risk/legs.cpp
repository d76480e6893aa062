#include "domain/risk/legs.hpp"

#include <algorithm>

#include "domain/project/conclude.hpp"
#include "domain/project/entity.hpp"
#include "domain/project/stores.hpp"

namespace plo::risk {

namespace {

std::optional<instant> first_dispatch(const order& o) {
  std::optional<instant> first;
  for (const auto& s : o.shipments)
    if (s.dispatched_at && (!first || *s.dispatched_at < *first)) first = s.dispatched_at;
  return first;
}

}  // namespace

std::vector<std::string> keys_of(const leg& l) {
  std::vector<std::string> keys{std::string(1, static_cast<char>('a' + static_cast<int>(l.kind)))};
  for (const auto& feature : l.features) {
    auto narrower = keys.back() + '\x1f' + feature;
    keys.push_back(std::move(narrower));
  }
  return keys;
}

bool may_end_a_leg(const event& e) {
  if (e.kind != event_kind::source && e.kind != event_kind::operator_) return false;
  return e.type.starts_with("shipment.") || e.type.starts_with("lastmile.") || e.type.starts_with("consolidation.") || e.type.starts_with("delivery.");
}

progress progress_of(const project_state& state) {
  progress p;
  p.orders.reserve(state.orders.size());
  for (const auto& o : state.orders) {
    auto& of = p.orders.emplace_back();
    for (const auto& s : o.shipments) of.shipments.push_back({s.dispatched_at, s.actual_arrival});
    of.dispatched = first_dispatch(o);
    of.delivered = delivered_at(state, o);
  }
  return p;
}

const shipment* last_dispatched(const order& o) {
  const shipment* last = nullptr;
  for (const auto& s : o.shipments)
    if (s.dispatched_at && (last == nullptr || *s.dispatched_at > *last->dispatched_at)) last = &s;
  return last;
}

milliseconds counted_lateness(milliseconds late) { return late < milliseconds(0) ? milliseconds(0) : late + slice; }

instant end_of(local_day day, const project_state& project, const domain_settings& settings) { return zone_of(project, settings).at(day + date::days(1)); }

std::optional<milliseconds> allowed_from(instant begun, const project_state& state, const order& o, const domain_settings& settings) {
  const auto& promised = o.promised_delivery_date.has() ? o.promised_delivery_date.value : state.promised_delivery_date;
  if (!promised) return std::nullopt;
  const auto left = end_of(*promised, state, settings) - begun;
  return left > milliseconds(0) ? std::optional(left) : std::nullopt;
}

leg way_of(leg_kind kind, const project_state& state, const shipment* s) {
  std::string destination = s ? s->destination_station_id : std::string();
  if (destination.empty() && state.consolidation) destination = state.consolidation->station_id.value.value_or("");
  return {kind, {std::move(destination), s ? s->carrier : std::string(), s ? s->origin_ref : std::string()}};
}

leg preparation_of(const order& o) {
  const auto main = std::find_if(o.lines.begin(), o.lines.end(), [](const order_line& l) { return l.main; });
  const auto* line = main != o.lines.end() ? &*main : o.lines.empty() ? nullptr : &o.lines.front();
  return {leg_kind::preparation, {line ? line->warehouse : std::string()}};
}

leg last_mile_of(const project_state& state, const shipment* s) {
  auto way = way_of(leg_kind::last_mile, state, s);
  const auto* tour = current_lastmile(state);
  way.features = {way.features.front(), tour ? tour->carrier.value.value_or("") : std::string()};
  return way;
}

std::vector<leg_observation> ended_legs(const progress& before, const project_state& after, const domain_settings& settings) {
  std::vector<leg_observation> ended;
  for (std::size_t i = 0; i < after.orders.size(); ++i) {
    const auto& o = after.orders[i];
    static const progress::of_order none;
    const auto& was = i < before.orders.size() ? before.orders[i] : none;
    const auto from_to = [&](leg what, instant begun, instant at) {
      ended.push_back({std::move(what), at - begun, at, allowed_from(begun, after, o, settings)});
    };
    const auto was_due = [&](leg what, instant due, instant at) { ended.push_back({std::move(what), counted_lateness(at - due), at}); };
    for (std::size_t k = 0; k < o.shipments.size(); ++k) {
      const auto& s = o.shipments[k];
      const bool arrived_before = k < was.shipments.size() && was.shipments[k].arrived;
      if (arrived_before || !s.actual_arrival || !s.dispatched_at || *s.actual_arrival < *s.dispatched_at) continue;
      from_to(way_of(leg_kind::transit, after, &s), *s.dispatched_at, *s.actual_arrival);
      if (s.estimated_arrival.has()) was_due({leg_kind::eta_error, {s.carrier}}, *s.estimated_arrival.value, *s.actual_arrival);
    }
    const auto dispatched = first_dispatch(o);
    if (!was.dispatched && dispatched && o.confirmed_at) from_to(preparation_of(o), *o.confirmed_at, *dispatched);
    const auto delivered = delivered_at(after, o);
    if (was.delivered || !delivered) continue;
    const auto* s = last_dispatched(o);
    if (const auto arrived = arrived_at(o, station_of(after))) from_to(last_mile_of(after, s), *arrived, *delivered);
    else if (s != nullptr) from_to(way_of(leg_kind::through, after, s), *s->dispatched_at, *delivered);
    if (const auto* tour = delivered_by(after, o); tour != nullptr && tour->slot_end.has())
      was_due({leg_kind::slot_error, {tour->carrier.value.value_or("")}}, *tour->slot_end.value, *delivered);
    if (o.promised_delivery_date.has()) was_due({leg_kind::lateness, {}}, end_of(*o.promised_delivery_date.value, after, settings), *delivered);
  }
  return ended;
}

}  // namespace plo::risk
