#include <algorithm>

#include "domain/entity.hpp"
#include "domain/evolve_parts.hpp"

namespace plo::fold {

namespace {

/// What is said of a visit once the work is done.
bool comes_after(event_type type) {
  return type == event_type::installation_report_submitted || type == event_type::installation_closed || type == event_type::installation_issue;
}

/// The visit that an event is about: the one it names; without a name the latest that is not over, else the latest. A name that nobody knows
/// yet is that of the visit which nobody has named, unless that is over and this one is to come.
installation& visit_of(project_state& state, const fact& f) {
  const auto id = f.data->text("installation_id").value_or("");
  auto& all = state.installations;
  const auto named = [&](std::string_view name) { return std::find_if(all.begin(), all.end(), [&](const auto& i) { return i.installation_id == name; }); };
  auto known = all.end();
  if (id.empty()) {
    known = std::max_element(all.begin(), all.end(), [](const installation& a, const installation& b) {
      return std::pair(a.is_open(), a.first_named) < std::pair(b.is_open(), b.first_named);
    });
  } else {
    known = named(id);
    if (known == all.end())
      if (const auto unnamed = named(""); unnamed != all.end() && (unnamed->is_open() || f.at < unnamed->status.as_of || comes_after(f.type))) {
        known = unnamed;
        known->installation_id = id;
        entity_renamed(state, event_scope::installation, std::string(unnamed_installation), std::string(id));
      }
  }
  if (known == all.end()) {
    known = all.emplace(all.end());
    known->installation_id = id;
    known->first_named = f.when();
  }
  known->first_named = std::min(known->first_named, f.when());
  return *known;
}

}  // namespace

not_applied installation_event(project_state& state, const fact& f) {
  using t = event_type;
  if (state.installation_steps.empty()) state.installation_steps = pending_steps(step_scope::installation);
  auto& i = visit_of(state, f);
  i.touched = f.version;
  i.seen.note(f.type, f.at, f.version);
  i.installer_id.set_if(f.data->text("installer_id"), f.at);
  i.technician_id.set_if(f.data->text("technician_id"), f.at);

  switch (f.type) {
    case t::installation_scheduled:
    case t::installation_rescheduled: {
      i.status.set(installation_status::scheduled, f.at);
      const auto start = f.data->moment("scheduled_start");
      const bool taken = i.scheduled_start.set_if(start, f.at);
      i.scheduled_end.set_if(f.data->moment("scheduled_end"), f.at);
      keep_earliest(i.first_scheduled_at, f.at);
      return start && !taken ? older : not_applied();
    }
    case t::installation_cancelled: i.status.set(installation_status::cancelled, f.at); break;
    case t::installation_started:
      i.status.set(installation_status::in_progress, f.at);
      keep_earliest(i.started_at, f.at);
      break;
    case t::installation_partial: i.status.set(installation_status::partial, f.at); break;
    case t::installation_completed:
      i.status.set(installation_status::completed, f.at);
      keep_latest(i.completed_at, f.at);
      break;
    case t::installation_report_submitted: keep_latest(i.report_submitted_at, f.at); break;
    case t::installation_closed:
      i.status.set(installation_status::closed, f.at);
      keep_latest(i.closed, f.when());
      break;
    default: break;  // issue: seen, and judged by the rules
  }
  return {};
}

}  // namespace plo::fold
