// Detection: what the rules find after an input, and what comes of it. The middle of `decide`.
#pragma once

#include "domain/project/agenda.hpp"
#include "domain/project/derivation.hpp"

namespace plo {

class payload;

struct detection_input {
  const rules::rule_set& rules;
  const project_state* before = nullptr;  // the state before the input, where a rule may need it
  instant noticed{};                      // the time of what is raised now, on the project clock
  instant now{};                          // the project clock
};

/// Runs the rules that the input wakes, resolves what no longer holds, requests notifications. True when steps became blocked or free.
/// Appends the ids of raised and reopened anomalies to `raised`.
[[nodiscard]] bool detect_after_event(derivation& out, const detection_input& with, std::vector<anomaly_id>& raised);

/// The same for a deadline that has just passed.
[[nodiscard]] bool detect_after_deadline(derivation& out, const detection_input& with, const appointment& passed,
                                         std::vector<anomaly_id>& raised);

/// For an escalation that has become due.
void escalate_overdue(derivation& out, const detection_input& with, const anomaly_id& id);

/// What a rule of the scope judges when the event has been folded: the entities that the event is about; a rule about orders looks at every order
/// where the event is about none.
[[nodiscard]] std::vector<entity> judged_by(event_scope scope, const project_state& state, const event& e, const payload& data);

/// Whether `before` is worth keeping for this event.
[[nodiscard]] bool needs_state_before(const rules::rule_set& rules, const project_state& state, const event& e);

}  // namespace plo
