// The project as an aggregate for entity.hpp.
#pragma once

#include "actors/entity.hpp"
#include "domain/project.hpp"

namespace plo::actors {

struct project_aggregate {
  using id_type = project_id;
  using state_type = project_state;
  using input_type = project_input;
  using context_type = domain_settings;

  /// Where an input's own event will stand behind the first event of its append.
  struct receipt_type {
    event_id event;
    std::uint64_t offset = 0;
    std::vector<std::string> anomalies;
  };

  static project_state initial(const project_id& id) {
    project_state state;
    state.id = id;
    return state;
  }
  static stream_id stream(const project_id& id) { return stream_id::of(id); }
  static void evolve(project_state& state, const event& e, const domain_settings& context) {
    plo::evolve(state, e, context);
  }
  static receipt_type take(project_state& state, const project_id& id, project_input& input,
                           const domain_settings& context, eventstore::append_request& request);
  static void answer(const project_id& id, const project_input& input, const receipt_type& receipt, position first);
  static void refuse(const project_input& input);
  static inputs_settled settled(const project_id& id, const std::vector<project_input>& inputs, bool committed);
};

using project_environment = entity_environment<project_aggregate>;

}  // namespace plo::actors
