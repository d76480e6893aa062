// A project's recorded inputs decided again, and what rules found in it: then, or this time. Internal to rule_trial.cpp.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "domain/rules/rule_set.hpp"
#include "projections/project/clock_history.hpp"
#include "projections/project/rule_trial.hpp"

namespace plo::projections {

/// A finding, told apart by what it is about and what caused it.
struct finding_key {
  std::string rule_id;
  std::string entity;
  std::string cause;  // `{"event_id"}` or `{"deadline"}`
  auto operator<=>(const finding_key&) const = default;
};

struct finding {
  std::string scope, severity;
  instant raised_at{};
  std::string cause_event;         // empty: a deadline
  std::set<std::string> triggers;  // ids of the events that only triggered it again
};

/// What the rules found in one project.
class findings {
public:
  /// Takes an event up when it says that a rule found something, or found it again.
  void note(const event& e);
  [[nodiscard]] const std::map<finding_key, finding>& all() const { return all_; }

private:
  std::map<finding_key, finding> all_;
  std::map<std::string, finding_key, std::less<>> by_anomaly_;
};

/// What is decided again: a project's stream, and what its anomalies were about.
class project_history {
public:
  project_history(const eventstore::log& log, const project_id& id);

  [[nodiscard]] const project_id& id() const { return id_; }
  [[nodiscard]] const std::vector<recorded_event>& events() const { return events_; }
  /// The command on an anomaly, speaking of the one in `state` that is about the same; empty when there is none, or it would be refused.
  [[nodiscard]] std::optional<event> translated(const event& command, const project_state& state) const;

private:
  struct subject {
    std::string rule_id;
    entity_key about;
  };
  project_id id_;
  std::vector<recorded_event> events_;
  std::map<std::string, subject, std::less<>> anomalies_;
};

struct rerun_outcome {
  bool stopped = false;  // it was told to, and the rest is less than the whole
  findings found;
  project_state state;  // in the end
};

/// What the recorded inputs lead to under these rules, each deadline passing at its time, up to `settings.now`.
[[nodiscard]] rerun_outcome decide_again(const project_history& history, const rules::rule_set& rules, const clock_history& ran,
                                         const trial_settings& settings);

}  // namespace plo::projections
