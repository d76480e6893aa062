#include <algorithm>

#include "domain/project/evolve_parts.hpp"

namespace plo::fold {

namespace {

/// A source that gives its shipments no id has one per leg.
std::string id_of(const order& o, const json_fields& data) {
  if (const auto id = data.text("shipment_id")) return std::string(*id);
  return o.order_ref + "/" + std::to_string(data.integer("leg_number").value_or(1));
}

/// One shipment may have several legs, each with a number. Without a number the latest leg is meant; the first number that comes for a shipment
/// without one is its own.
shipment& shipment_named(order& o, const std::string& id, const std::optional<std::int64_t>& leg) {
  shipment* found = nullptr;
  for (auto& s : o.shipments) {
    if (s.shipment_id != id) continue;
    if (leg ? s.leg_number == leg : found == nullptr || s.leg_number > found->leg_number) found = &s;
  }
  if (found == nullptr && leg)
    for (auto& s : o.shipments)
      if (s.shipment_id == id && !s.leg_number) found = &s;
  if (found != nullptr) return *found;
  o.shipments.emplace_back();
  o.shipments.back().shipment_id = id;
  return o.shipments.back();
}

/// Whether what it says about the arrival is the newest.
bool take_details(shipment& s, const json_fields& data, instant at) {
  auto known = s.known_since.begin();
  (known++)->take(s.leg_number, data.integer("leg_number"), at);
  (known++)->take(s.last_leg, data.flag("last_leg"), at);
  (known++)->take(s.origin_type, data.text("origin_type"), at);
  (known++)->take(s.origin_ref, data.text("origin_ref"), at);
  (known++)->take(s.destination_station_id, data.text("destination_station_id"), at);
  (known++)->take(s.destination_station_name, data.text("destination_station_name"), at);
  (known++)->take(s.carrier, data.text("carrier"), at);
  (known++)->take(s.carrier_tracking_ref, data.text("carrier_tracking_ref"), at);
  return s.estimated_arrival.set_if(data.moment("estimated_arrival"), at);
}

/// What has arrived stays arrived, whatever movement is reported later; only an incident is newer news.
void refresh_status(shipment& s) {
  s.status = s.moved;
  if (s.arrived.has()) s.status = {shipment_status::arrived, s.arrived.as_of};
  if (s.exception_at) s.status.set(shipment_status::exception, *s.exception_at);
}

}  // namespace

not_applied shipment_event(order& o, const fact& f) {
  using t = event_type;
  o.seen.note(f.type, f.at, f.version);
  auto& s = shipment_named(o, id_of(o, f.data.fields()), f.data->integer("leg_number"));
  const bool estimated = take_details(s, f.data.fields(), f.at);
  keep_latest(s.last_event_at, f.at);
  switch (f.type) {
    case t::shipment_dispatched:
      s.moved.set(shipment_status::dispatched, f.at);
      keep_earliest(s.dispatched_at, f.at);
      break;
    case t::shipment_in_transit:
      s.moved.set(shipment_status::in_transit, f.at);
      keep_earliest(s.dispatched_at, f.at);
      break;
    case t::shipment_arrived_at_station:
      // What arrived had left.
      s.arrived.set(f.data->moment("actual_arrival").value_or(f.at), f.at);
      s.actual_arrival = s.arrived.value;
      keep_earliest(s.dispatched_at, f.at);
      break;
    case t::shipment_exception: keep_latest(s.exception_at, f.at); break;
    default: break;
  }
  refresh_status(s);
  if (f.type != t::shipment_eta_updated) return {};
  if (!f.data->has("estimated_arrival")) return "it gives no arrival";
  return estimated ? not_applied() : older;
}

}  // namespace plo::fold
