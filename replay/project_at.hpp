// A project as it was known at some point of the log: its state, what had happened, and what changed between two points.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "domain/project/project.hpp"
#include "eventstore/log.hpp"
#include "projections/project/project_detail.hpp"

namespace plo::replay {

using projections::known_by;

/// The projects that a text may mean: an id, or a reference under which any source knows one.
[[nodiscard]] std::vector<project_id> projects_named(const eventstore::log& log, std::string_view text);

/// The rules that were in force then.
[[nodiscard]] rules::rule_set rules_at(const eventstore::log& log, const known_by& then);

/// The document of GET /api/projects/{id} as it was known then, without the risk. Empty when the project did not exist.
[[nodiscard]] std::optional<std::string> state_at(const eventstore::log& log, const project_id& id, const domain_settings& settings,
                                                  const known_by& then);

/// `{items: [...], total}`: the items of GET /api/projects/{id}/timeline, all of them. Empty when the project did not exist.
[[nodiscard]] std::optional<std::string> timeline_at(const eventstore::log& log, const project_id& id, const known_by& then);

/// What changed between two states: `{from, to, changes: [{path, old, new}], patch: [...]}`, where `patch` is an RFC 6902 JSON Patch. A project
/// that did not exist yet was null. Empty when it did not exist at either end.
[[nodiscard]] std::optional<std::string> difference_of(const eventstore::log& log, const project_id& id, const domain_settings& settings,
                                                       const known_by& from, const known_by& to);

}  // namespace plo::replay
