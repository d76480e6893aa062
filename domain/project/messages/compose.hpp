// From a request and what was known at that moment to the words that are sent. Pure: the same arguments give the same message,
// whenever it is sent.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "domain/notifications/mime.hpp"
#include "domain/notifications/notification.hpp"
#include "domain/notifications/templates.hpp"
#include "domain/project/anomaly.hpp"
#include "domain/project/project.hpp"

namespace plo::notifications {

struct message_settings {
  const message_templates& templates;
  std::string_view public_url;  // links are {public_url}/projects/{id}
  domain_settings domain;       // times are told in the zone of the project's store
};

/// Why somebody is told, and what was known then.
struct occasion {
  const notification_request& request;
  const project_state& project;           // folded up to the request
  const anomaly* found = nullptr;         // the anomaly, as it stood
  const recorded_event* cause = nullptr;  // the event that triggered it; null when a deadline did
};

/// Reads the project's stream from its beginning, as often as it is called; ends early when the visitor says false.
using stream_reader = std::function<void(const std::function<bool(const recorded_event&)>&)>;

/// What was known when something was requested.
struct known_then {
  project_state project;
  std::optional<recorded_event> cause;

  /// Refers to this and to the request.
  [[nodiscard]] occasion of(const notification_request& request) const;
};

/// Folds the stream up to the request's event.
[[nodiscard]] known_then fold_until(const notification_request& request, const recorded_event& requested, const stream_reader& read,
                                    const domain_settings& settings);

[[nodiscard]] mail compose_mail(const occasion& told, const message_settings& settings);

/// The JSON body of a ticket: `{notification_id, ticket: {target, state, title, description, severity, …, link}}`.
[[nodiscard]] std::string compose_ticket(const occasion& told, const message_settings& settings);

/// The subject alone, on one line: what the log says about a notification without an address.
[[nodiscard]] std::string compose_subject(const occasion& told, const message_settings& settings);

}  // namespace plo::notifications
