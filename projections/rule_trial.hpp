// Trying a rule on history: what it would have raised, and what it would not have.
#pragma once

#include <functional>
#include <string>

#include "domain/rules/rule_set.hpp"
#include "eventstore/log.hpp"
#include "projections/read_models.hpp"

namespace plo::projections {

struct trial_settings {
  domain_settings domain;
  instant since{};      // anomalies raised before are left out
  instant now{};        // of the project clock: deadlines up to here have passed
  bool wall = true;     // which clock runs now
  std::size_t most = 1'000;             // entries of each list
  std::function<bool()> should_stop;    // asked for every project
};

/// Decides the recorded inputs of every project again, with `changed`, the rules in force but for the one that is tried, and compares what
/// that one raises with what the log has of the rule of this id: `{rule_id, raised: [...], dropped: [...], unchanged, raised_total, dropped_total, projects}`. Two findings are the same
/// when project, entity and cause are. Empty when it was told to stop.
[[nodiscard]] std::optional<std::string> try_rule(const eventstore::kv_reader& views, const eventstore::log& log,
                                                  const rules::rule_set& changed, std::string_view rule_id,
                                                  const trial_settings& settings);

}  // namespace plo::projections
