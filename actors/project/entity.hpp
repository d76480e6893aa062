// The project as an aggregate for entity.hpp.
#pragma once

#include "actors/core/clock.hpp"
#include "actors/core/entity.hpp"
#include "actors/project/messages.hpp"
#include "actors/rules/rule_book.hpp"
#include "domain/project/command.hpp"
#include "domain/project/limits.hpp"
#include "domain/project/project.hpp"

namespace plo::actors {

/// What lies outside a project's stream and yet decides.
struct project_context {
  domain_settings settings;
  const rule_book* rules = nullptr;
  const project_clock* clock = nullptr;
  ingest_limits limits = {};
};

struct project_aggregate {
  using id_type = project_id;
  using state_type = project_state;
  using input_type = project_input;
  using context_type = project_context;

  /// Where an input's own event will stand behind the first event of its append.
  struct receipt_type {
    event_id event;
    std::uint64_t offset = 0;
    std::vector<std::string> anomalies;
    std::optional<instant> next_due;
    std::optional<command_refusal> refusal;
    std::optional<ingest_error> excess;  // it would make the project too large
    bool is_misrouted = false;
    [[nodiscard]] bool is_refused() const { return refusal || excess; }
  };

  static project_state initial(const project_id& id) {
    project_state state;
    state.id = id;
    return state;
  }
  static stream_id stream(const project_id& id) { return stream_id::of(id); }
  static void evolve(project_state& state, const event& e, const project_context& context) {
    plo::evolve(state, e, context.settings);
  }
  static receipt_type take(project_state& state, const project_id& id, project_input& input,
                           const project_context& context, eventstore::append_request& request);
  static void answer(const project_id& id, const project_input& input, const receipt_type& receipt, position first);
  static void refuse(const project_input& input);
  static void reject(const project_input& input, const std::string& reason);
  static project_input wake(instant due);
};

}  // namespace plo::actors
