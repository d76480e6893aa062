// What the clock will bring about in a project: deadlines of rules, escalations, ends of snoozes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/project/entity.hpp"
#include "domain/project/project.hpp"
#include "domain/rules/rule_set.hpp"

namespace plo {

struct appointment {
  enum class purpose : std::uint8_t { deadline, escalation, snooze_end };
  purpose what = purpose::deadline;
  instant due{};
  const rules::rule_entry* rule = nullptr;  // deadline …
  entity_key about;                         // … and of what
  anomaly_id anomaly;                       // escalation, snooze_end
  bool operator==(const appointment&) const = default;
};

/// All appointments of a project, in the order they are due. Empty without rules.
[[nodiscard]] std::vector<appointment> agenda_of(const project_state& state, const rules::rule_set& rules,
                                                 const domain_settings& settings);

}  // namespace plo
