// One anomaly with its explanation, and the verdicts of all rules on one project.
#pragma once

#include <optional>
#include <string>

#include "domain/rules/rule_set.hpp"
#include "eventstore/log.hpp"
#include "projections/project/anomalies.hpp"

namespace plo::projections {

/// The anomaly as JSON with `explanation: {rule, when, facts, event, deadline}`: the rule as it was defined in the version that raised it,
/// the facts that its condition read, and the event that caused it. Empty when there is no such anomaly.
[[nodiscard]] std::optional<std::string> explain_anomaly(const row_reader& views, const eventstore::log& log,
                                                         const anomaly_id& id);

/// What of an anomaly its explanation is made from.
struct explained_anomaly {
  project_id project;
  std::string rule_id;
  std::uint32_t rule_version = 0;
  std::string facts;  // JSON [{path, value}]
  std::optional<event_id> cause_event;
  std::optional<std::string> cause_deadline;
};
/// `{rule, when, facts, event, deadline}`.
[[nodiscard]] std::string explanation_of(const eventstore::log& log, const explained_anomaly& anomaly);

/// The definition of a rule as JSON in one of its versions; deleted rules too.
[[nodiscard]] std::optional<std::string> definition_at(const eventstore::log& log, std::string_view rule_id, std::uint32_t version);

/// For every rule (or the one of that id): whether it is active for the project, what is found, what of the condition is met and
/// what is not, and when its deadline is due. A rule that waits for events is judged by the last one of its types; the project's
/// stream is folded for that. Empty when there is no such project.
[[nodiscard]] std::optional<std::string> why_not(const eventstore::log& log, const project_id& id, const rules::rule_set& rules,
                                                 const domain_settings& settings, instant now, std::string_view rule_id = {});

}  // namespace plo::projections
