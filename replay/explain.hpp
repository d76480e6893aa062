// Why an anomaly is there, from the log alone.
#pragma once

#include <optional>
#include <string>

#include "domain/project/project.hpp"
#include "eventstore/log.hpp"
#include "replay/progress.hpp"

namespace plo::replay {

/// The anomaly as GET /api/anomalies/{id} shows it, with `explanation: {rule, when, facts, event, deadline}` and beside it
/// `chain`: the events that led to it, oldest first, up to the one that raised it: what set a deadline's anchor, the deadline, the input;
/// `notifications: [{notification_id, channel, recipient, reason, requested_at, status, sent_at, sent_to, attempts, error}]`;
/// `operators: [{position, type, at, operator_id, comment}]`, what people did about it.
/// Empty when no anomaly of this id was ever raised. Reads the log up to the anomaly, then its project and the outbox.
[[nodiscard]] std::optional<std::string> explain(const eventstore::log& log, const anomaly_id& id, const domain_settings& settings,
                                                 const progress& show = {});

}  // namespace plo::replay
