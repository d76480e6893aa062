#include "domain/evolve_parts.hpp"

namespace plo::fold {

void installation_event(project_state& state, const fact& f) {
  using t = event_type;
  if (!state.installation) {
    state.installation.emplace();
    state.installation->steps = pending_steps(step_scope::installation);
  }
  auto& i = *state.installation;
  i.id_since.take(i.installation_id, f.data->text("installation_id"), f.at);
  i.installer_id.set_if(f.data->text("installer_id"), f.at);
  i.technician_id.set_if(f.data->text("technician_id"), f.at);

  switch (f.type) {
    case t::installation_scheduled:
    case t::installation_rescheduled:
      i.status.set(installation_status::scheduled, f.at);
      i.scheduled_start.set_if(f.data->moment("scheduled_start"), f.at);
      i.scheduled_end.set_if(f.data->moment("scheduled_end"), f.at);
      keep_earliest(i.first_scheduled_at, f.at);
      break;
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
      keep_latest(i.closed_at, f.at);
      break;
    default: break;  // issue: seen, and judged by the rules
  }
}

}  // namespace plo::fold
