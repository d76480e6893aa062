#include "replay/project_names.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "domain/event/ingest_event.hpp"
#include "eventstore/index/customers.hpp"
#include "eventstore/index/references.hpp"

namespace plo::replay {

/// Whether the text leads to this project alone, as this source says it, or as anybody does.
bool project_names::means(std::string_view ref, std::string_view source, const project_id& project) const {
  const auto known = eventstore::find_references(log_, ref);
  const auto all = [&](const auto& counts) {
    bool any = false;
    for (const auto& k : known) {
      if (!counts(k)) continue;
      if (k.project != project) return 0;
      any = true;
    }
    return any ? 1 : -1;
  };
  const auto own = all([&](const auto& k) { return k.kind == reference_kind::project && k.source == source; });
  return own != -1 ? own == 1 : all([](const auto&) { return true; }) == 1;
}

/// Whether something else that the event says leads to its project: the reference that it came with is then taught, not needed.
bool project_names::finds_itself(const known_project& known, const project_id& project, const recorded_event& e) const {
  for (const auto& said : references_taught_by(e))
    if (said.kind != reference_kind::project && known.taught.contains(said.ref) && means(said.ref, e.source, project)) return true;
  const auto data = json_document::parse(e.data);
  const auto customer = data ? json::get_string(data->root(), "customer_id").value_or("") : std::string_view();
  if (customer.empty()) return false;
  const auto of_customer = eventstore::customer_projects(log_, customer);
  return of_customer.size() == 1 && of_customer.front().project == project;
}

std::string project_names::take(known_project& known, const project_id& project, const recorded_event& e) {
  std::string name = e.project_ref;
  if (known.first.empty()) {
    // It opens the project. One that was made by hand may have no reference.
    if (name.empty()) name = project.to_string();
    known.first = name;
  } else {
    const bool own_will_do = !name.empty() && (known.taught.contains(name) ? means(name, e.source, project) : finds_itself(known, project, e));
    if (!own_will_do) {
      name = known.first;
      const auto better = [&](const std::string& ref) { return means(ref, e.source, project); };
      if (!better(name))
        if (const auto other = std::find_if(known.taught.begin(), known.taught.end(), better); other != known.taught.end()) name = *other;
    }
  }
  known.taught.insert(name);
  for (const auto& said : references_taught_by(e))
    if (said.kind != reference_kind::project) known.taught.insert(said.ref);
  return name;
}

project_names::known_project& project_names::load(const project_id& project, stream_version upto) {
  if (auto* known = projects_.find(project)) return *known;
  known_project fresh;
  if (upto.value > 0)
    log_.read_stream(stream_id::of(project), {1}, [&](const recorded_event& e) {
      const bool is_line = e.kind == event_kind::source || (e.kind == event_kind::operator_ && e.type == "project.created");
      if (is_line) (void)take(fresh, project, e);
      return e.version < upto;
    });
  return projects_.put(project, std::move(fresh));
}

std::string project_names::name_for(const project_id& project, const recorded_event& e) {
  return take(load(project, {e.version.value - 1}), project, e);
}

}  // namespace plo::replay
