#include "domain/project/messages/compose.hpp"

namespace plo::notifications {

occasion known_then::of(const notification_request& request) const {
  occasion told{request, project, nullptr, cause ? &*cause : nullptr};
  for (const auto& a : project.anomalies)
    if (a.id == request.anomaly_id) told.found = &a;
  return told;
}

known_then fold_until(const notification_request& request, const recorded_event& requested, const stream_reader& read,
                      const domain_settings& settings) {
  known_then known;
  known.project.id = request.project;
  const auto keep_if_cause = [&](const recorded_event& e, const std::optional<event_id>& wanted) {
    // A clock event says only that a time has come.
    if (wanted && e.id == *wanted && e.kind != event_kind::clock) known.cause = e;
  };
  read([&](const recorded_event& e) {
    if (e.version > requested.version) return false;
    evolve(known.project, e, settings);
    keep_if_cause(e, requested.causation_id);
    return true;
  });
  // An escalation was caused by time or by a person; what happened is the event that raised the anomaly.
  const auto* found = known.of(request).found;
  if (request.reason != "escalated" || found == nullptr || found->cause_event == requested.causation_id) return known;
  known.cause.reset();
  read([&](const recorded_event& e) {
    keep_if_cause(e, found->cause_event);
    return e.version < requested.version && !known.cause;
  });
  return known;
}

}  // namespace plo::notifications
