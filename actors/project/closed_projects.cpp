#include "actors/project/closed_projects.hpp"

#include <array>

#include "base/json.hpp"

namespace plo::actors {

namespace {

constexpr std::size_t projects_per_look = 500;
constexpr std::array<std::string_view, 2> closed_statuses{"completed", "cancelled"};

/// True when the last event of a project is in the archive, and so are those before it: a start looks at all that was ever closed, and must
/// not unpack it. False as well where nobody can say without reading.
bool is_archived_already(const eventstore::log& log, const projections::row_reader& rows, const project_id& id) {
  const auto item = json_document::parse(projections::project_item(rows, id));
  const auto last = item ? json::get_number(item->root(), "position") : std::nullopt;
  return last && log.is_archived({static_cast<std::uint64_t>(*last)});
}

}  // namespace

std::optional<stream_id> closed_projects::next(instant untouched_since) {
  if (found_.empty()) look(untouched_since);
  if (found_.empty()) return std::nullopt;
  auto first = std::move(found_.front());
  found_.pop_front();
  return first;
}

void closed_projects::start_over() {
  found_.clear();
  looked_at_.clear();
}

void closed_projects::look(instant untouched_since) {
  for (const auto status : closed_statuses) {
    auto& after = looked_at_[std::string(status)];
    while (found_.empty()) {
      auto views = models_.read();
      const auto places = projections::closed_projects(views, status, untouched_since, after, projects_per_look);
      const auto rows = views.take_rows();
      if (places.empty()) break;
      for (const auto& place : places)
        if (!is_archived_already(log_, *rows, {place.id})) found_.push_back(stream_id::of(project_id{place.id}));
      after = places.back();
    }
  }
}

}  // namespace plo::actors
