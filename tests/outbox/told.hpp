// Somebody is told: the messages that follow from a project's history under the built-in rules.
#pragma once

#include <string>
#include <vector>

#include "app/message_templates.hpp"
#include "domain/project/messages/compose.hpp"
#include "tests/rules/catalogue.hpp"

namespace plo::spec {

inline const notifications::message_templates& texts_in(const std::string& language) {
  static const auto fr = app::load_message_templates("fr");
  static const auto en = app::load_message_templates("en");
  return language == "fr" ? fr : en;
}

inline notifications::message_settings settings_in(const std::string& language) {
  return {texts_in(language), "https://plo.example.org/", paris()};
}

/// The history as the log holds it.
inline std::vector<recorded_event> recorded(const std::vector<event>& history) {
  std::vector<recorded_event> events;
  for (const auto& e : history) {
    recorded_event r;
    static_cast<event&>(r) = e;
    r.stream = stream_id::of(test_project);
    r.version = {events.size() + 1};
    r.pos = {events.size() + 1};
    events.push_back(std::move(r));
  }
  return events;
}

/// A request with everything that it is composed from.
struct told_message {
  notification_request request;
  notifications::known_then known;

  [[nodiscard]] notifications::mail mail(const std::string& language) const {
    return notifications::compose_mail(known.of(request), settings_in(language));
  }
  [[nodiscard]] std::string ticket(const std::string& language) const {
    return notifications::compose_ticket(known.of(request), settings_in(language));
  }
};

/// The last request of a rule to a recipient, by mail or ticket; a failure when there is none.
inline told_message message(const watched& project, std::string_view rule_id, std::string_view recipient) {
  const auto events = recorded(project.history());
  for (auto e = events.rbegin(); e != events.rend(); ++e) {
    const auto request = read_notification_request(*e);
    if (!request || request->rule_id != rule_id || request->recipient != recipient) continue;
    const notifications::stream_reader read = [&](const auto& visit) {
      for (const auto& each : events)
        if (!visit(each)) return;
    };
    return {*request, notifications::fold_until(*request, *e, read, paris())};
  }
  ADD_FAILURE() << "nobody at " << recipient << " was told of " << rule_id;
  return {};
}

}  // namespace plo::spec
