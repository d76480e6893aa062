#include "projections/project/clock_history.hpp"

#include "base/json.hpp"
#include "domain/event/catalogue.hpp"

namespace plo::projections {

clock_history::clock_history(const eventstore::log& log) {
  log.read_stream(stream_id::clock(), {1}, [&](const recorded_event& e) {
    evolve(e);
    return true;
  });
}

void clock_history::evolve(const recorded_event& e) {
  if (e.type != own_type::clock_set) return;
  if (const auto data = json_document::parse(e.data)) set_.emplace_back(e.pos, json::get_string(data->root(), "mode") != "event");
}

bool clock_history::wall_at(position pos) const {
  bool wall = first_;
  for (const auto& [from, is_wall] : set_)
    if (from <= pos) wall = is_wall;
  return wall;
}

}  // namespace plo::projections
