// What projects can be called in an export: the references that its lines have taught so far.
#pragma once

#include <set>
#include <string>

#include "eventstore/log.hpp"
#include "replay/recent.hpp"

namespace plo::replay {

class project_names {
public:
  explicit project_names(const eventstore::log& log) : log_(log) {}

  /// What the event's line calls its project; to be asked once for every event of a project's stream, in order. Texts that two
  /// projects know are avoided.
  [[nodiscard]] std::string name_for(const project_id& project, const recorded_event& e);

private:
  struct known_project {
    std::set<std::string, std::less<>> taught;  // by the lines so far
    std::string first;                          // the reference that it was opened with
  };
  known_project& load(const project_id& project, stream_version upto);
  std::string take(known_project& known, const project_id& project, const recorded_event& e);
  [[nodiscard]] bool means(std::string_view ref, std::string_view source, const project_id& project) const;
  [[nodiscard]] bool finds_itself(const known_project& known, const project_id& project, const recorded_event& e) const;

  const eventstore::log& log_;
  recent<known_project> projects_{20'000};
};

}  // namespace plo::replay
