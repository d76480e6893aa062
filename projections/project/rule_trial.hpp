// Trying rules on history: what they would have raised, what they would not have, and what they would have raised at another time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "domain/project/project.hpp"
#include "domain/rules/rule_set.hpp"
#include "eventstore/log.hpp"

namespace plo::projections {

/// Rules as they are and as somebody would have them.
struct trial_rules {
  rules::rule_set in_force;
  rules::rule_set changed;
  std::set<std::string, std::less<>> tried;  // ids of those that were put in
};

/// The rules in force, and the same with these in the place of their namesakes; those that have none are added.
[[nodiscard]] trial_rules with_changed(const rules::rule_set& in_force, const std::vector<rules::rule_pointer>& rules);

struct trial_settings {
  domain_settings domain;
  instant since = instant::min(), until = instant::max();  // of what is told: raised in [since, until)
  std::string store_id, project_type;                      // of the projects that are looked at; empty: any
  instant now{};     // of the project clock: deadlines up to here have passed
  bool wall = true;  // which clock runs now
  std::size_t most = 1'000;           // entries of each list
  std::function<bool()> should_stop;  // asked for every input
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;  // in events, for every project
};

/// Decides the recorded inputs of every project again, with the changed rules. A rule that is tried is compared with what the log has of
/// it; any other one with what the rules in force would have found, so that what is told of it is a consequence of the change.
///
/// `{rule_id, raised: [...], dropped: [...], moved: [...], unchanged, raised_total, dropped_total, moved_total, projects, rules: [{rule_id,
/// tried, raised, dropped, moved, unchanged}]}`; `rule_id` where one rule is tried, `unchanged` of the rules that are tried. Two findings
/// are the same when project, rule, entity and cause are. One has moved when the other is about the same and differs in its deadline, or
/// when what causes the one is but a repetition of the other. Empty when it was told to stop.
[[nodiscard]] std::optional<std::string> try_rules(const eventstore::log& log, const trial_rules& rules, const trial_settings& settings);

}  // namespace plo::projections
