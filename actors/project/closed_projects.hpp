// The projects that may go to the archive, one after the other.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "eventstore/log.hpp"
#include "projections/core/read_models.hpp"
#include "projections/project/projects.hpp"

namespace plo::actors {

/// For one thread.
class closed_projects {
public:
  closed_projects(const eventstore::log& log, const projections::read_models& models) : log_(log), models_(models) {}

  /// A closed project to which nothing has happened since an instant and whose events are in the log's own store.
  [[nodiscard]] std::optional<stream_id> next(instant untouched_since);
  /// Begins from the start.
  void start_over();

private:
  void look(instant untouched_since);

  const eventstore::log& log_;
  const projections::read_models& models_;
  std::deque<stream_id> found_;
  std::map<std::string, std::optional<projections::list_place>> looked_at_;  // status → behind it nothing was looked at yet
};

}  // namespace plo::actors
