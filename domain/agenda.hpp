// What the clock will bring about in a project: deadlines of rules, escalations, ends of snoozes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/project.hpp"
#include "domain/rules/rule_set.hpp"

namespace plo {

struct appointment {
  enum class purpose : std::uint8_t { deadline, escalation, snooze_end };
  purpose what = purpose::deadline;
  instant due{};
  const rules::rule_entry* rule = nullptr;  // deadline
  std::string order_ref;                    // deadline of scope order
  anomaly_id anomaly;                       // escalation, snooze_end
  bool operator==(const appointment&) const = default;
};

/// All appointments of a project, in the order they are due. Empty without rules.
[[nodiscard]] std::vector<appointment> agenda_of(const project_state& state, const rules::rule_set& rules,
                                                 const domain_settings& settings);

/// The name of what an anomaly or a deadline of this scope is about (`o`: of scope order). Empty when there is no such part.
[[nodiscard]] std::string entity_of(event_scope scope, const project_state& state, const order* o);

}  // namespace plo
