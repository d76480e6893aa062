#include "domain/project/entity.hpp"
#include "domain/project/evolve_concerned.hpp"

namespace plo::fold {

namespace {

/// Whether the event may be the first that names a visit which is over: from before its end, or said once the work is done.
bool belongs_to(const installation& over, const fact& f) {
  using t = event_type;
  return f.at < over.status.as_of || f.type == t::installation_report_submitted || f.type == t::installation_closed || f.type == t::installation_issue;
}

}  // namespace

not_applied installation_event(project_state& state, const fact& f) {
  using t = event_type;
  if (state.installation_steps.empty()) state.installation_steps = pending_steps(step_scope::installation);
  auto& i = part_concerned(state, state.installations, &installation::installation_id, f.data->text("installation_id").value_or(""), f,
                           {event_scope::installation, std::string(unnamed_installation)}, belongs_to);
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
