#include "projections/project_detail.hpp"

#include "projections/project_json.hpp"

namespace plo::projections {

std::optional<std::string> find_project(const eventstore::log& log, const project_id& id, const rules::rule_set& rules,
                                        const domain_settings& settings, std::optional<instant> at) {
  project_state state;
  state.id = id;
  position last;
  log.read_stream(stream_id::of(id), {1}, [&](const recorded_event& e) {
    if (at && e.recorded_at > *at) return true;  // the wall clock may step back: look at every event
    evolve(state, e, settings);
    last = e.pos;
    return true;
  });
  if (last.value == 0) return std::nullopt;
  json_writer json;
  write_project_detail(json, state, last, rules, settings);
  return json.str();
}

}  // namespace plo::projections
