// The whole of a project: its stream, folded when somebody asks.
#pragma once

#include <optional>
#include <string>

#include "domain/project.hpp"
#include "domain/rules/rule_set.hpp"
#include "eventstore/kv_store.hpp"
#include "eventstore/log.hpp"

namespace plo::projections {

/// A project's stream, folded.
struct folded_project {
  project_state state;
  position last;                    // of its last event
  instant latest = instant::min();  // occurrence of any of its events
};

/// As it was known at an instant (recorded by then; empty: now). Empty when the project did not exist.
[[nodiscard]] std::optional<folded_project> fold_project(const eventstore::log& log, const project_id& id, const domain_settings& settings,
                                                         std::optional<instant> at = {});

/// What a project's document shows beside its own stream.
struct detail_context {
  const rules::rule_set& rules;  // in force, for the next deadlines
  const domain_settings& settings;
  const eventstore::kv_reader& views;  // for the risk
  std::string tracking_token;
};

/// The project's JSON document as it was known at an instant (recorded by then; empty: now). Empty when the project did not exist. Risk
/// is told of the present only. The cost grows with the project's own events, not with the number of projects.
[[nodiscard]] std::optional<std::string> find_project(const eventstore::log& log, const project_id& id, const detail_context& context,
                                                      std::optional<instant> at = {});

}  // namespace plo::projections
