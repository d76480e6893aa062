#include "projections/project/stations.hpp"

#include <map>

#include "base/json.hpp"
#include "eventstore/kv/keys.hpp"
#include "projections/project/families.hpp"

namespace plo::projections {

namespace keys = eventstore::keys;

namespace {

// 'S' ‖ station → registered_at ‖ last_event_at ‖ events ‖ name. 'N' → number of stations.
const std::string station_prefix = "S";
const std::string station_count = "N";

struct station_row {
  instant registered_at{}, last_event_at{};
  std::uint64_t events = 0;
  std::string name;
};

std::string encode_station(const station_row& row) {
  std::string out;
  keys::put_time(out, row.registered_at);
  keys::put_time(out, row.last_event_at);
  keys::put_u64(out, row.events);
  return out.append(row.name);
}

station_row decode_station(std::string_view in) {
  return {keys::get_time(in), keys::get_time(in.substr(8)), keys::get_u64(in.substr(16)), std::string(in.substr(24))};
}

bool names_a_station(const recorded_event& e) {
  return e.kind == event_kind::source && (e.type.starts_with("shipment.") || e.type.starts_with("consolidation."));
}

class stations_projection final : public projection {
public:
  std::uint32_t schema_version() const override { return 1; }
  row_family rows() const override { return families::stations; }

  void apply(event_pointers events, const row_reader& views, row_batch& batch) override {
    std::map<std::string, station_row> changed;
    std::uint64_t added = 0;
    for (const auto* e : events) {
      if (!names_a_station(*e)) continue;
      const auto data = json_document::parse(e->data);
      if (!data) continue;
      const bool shipment = e->type.starts_with("shipment.");
      const auto id = json::get_string(data->root(), shipment ? "destination_station_id" : "station_id").value_or("");
      if (id.empty()) continue;
      const auto [known, fresh] = changed.try_emplace(station_prefix + std::string(id));
      auto& row = known->second;
      if (fresh) {
        if (const auto stored = views.get(rows(), known->first)) row = decode_station(*stored);
        else row.registered_at = e->recorded_at, ++added;
      }
      row.last_event_at = e->recorded_at;
      ++row.events;
      if (const auto called = json::get_string(data->root(), shipment ? "destination_station_name" : "station_name"); called && !called->empty())
        row.name = *called;
    }
    for (const auto& [key, row] : changed) batch.put(rows(), key, encode_station(row));
    if (added == 0) return;
    const auto count = views.get(rows(), station_count);
    std::string value;
    keys::put_u64(value, (count ? keys::get_u64(*count) : 0) + added);
    batch.put(rows(), station_count, std::move(value));
  }
};

}  // namespace

std::unique_ptr<projection> make_stations() { return std::make_unique<stations_projection>(); }

page list_stations(const row_reader& views, const page_request& request) {
  const auto count = views.get(families::stations, station_count);
  const auto load = [](std::string_view place, std::string_view value) { return std::optional(std::pair(std::string(place), decode_station(value))); };
  const auto write = [](json_writer& json, const std::pair<std::string, station_row>& found) {
    const auto& [id, row] = found;
    json.begin_object().field("station_id", id).field_or_null("name", row.name).field("registered_at", row.registered_at);
    json.field("last_event_at", row.last_event_at).field("events", row.events).end_object();
  };
  return scan_page(views, families::stations, station_prefix, count ? keys::get_u64(*count) : 0, request, load, write);
}

}  // namespace plo::projections
