// The whole of a project: its stream, folded when somebody asks.
#pragma once

#include <optional>
#include <string>

#include "domain/project/project.hpp"
#include "domain/rules/rule_set.hpp"
#include "projections/core/rows.hpp"
#include "eventstore/log.hpp"

namespace plo::projections {

/// Which events were known: all there are, those recorded by an instant, or those up to a position.
struct known_by {
  known_by() = default;
  known_by(std::optional<instant> recorded_by) : at(recorded_by) {}  // NOLINT: an instant says it
  known_by(position last) : upto(last) {}                            // NOLINT: and so does a position
  std::optional<instant> at;
  std::optional<position> upto;
  [[nodiscard]] bool knows(const recorded_event& e) const { return (!at || e.recorded_at <= *at) && (!upto || e.pos <= *upto); }
};

/// A project's stream, folded.
struct folded_project {
  project_state state;
  position last;                    // of its last event
  instant latest = instant::min();  // occurrence of any of its events
};

/// As it was known then. Empty when the project did not exist.
[[nodiscard]] std::optional<folded_project> fold_project(const eventstore::log& log, const project_id& id, const domain_settings& settings,
                                                         const known_by& then = {});

/// What a project's document shows beside its own stream.
struct detail_context {
  const rules::rule_set& rules;  // in force, for the next deadlines
  const domain_settings& settings;
  const row_reader& views;  // for the risk
  std::string tracking_token;
};

/// The project's JSON document as it was known at an instant (recorded by then; empty: now). Empty when the project did not exist. Risk
/// is told of the present only. The cost grows with the project's own events, not with the number of projects.
[[nodiscard]] std::optional<std::string> find_project(const eventstore::log& log, const project_id& id, const detail_context& context,
                                                      std::optional<instant> at = {});

}  // namespace plo::projections
