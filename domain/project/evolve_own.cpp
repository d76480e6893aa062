// The events that operators and PLO itself record.

#include <algorithm>

#include "domain/project/conclude.hpp"
#include "domain/project/evolve_parts.hpp"

namespace plo::fold {

namespace {

void manual_step_said(project_state& state, const event& e, const payload& data, sighted when) {
  const auto type = parse_step_type(data->text("step_type").value_or(""));
  const auto status = parse_step_status(data->text("status").value_or(""));
  if (!type || !status) return;
  manual_step said{*type, "", *status, e.occurred_at, when, std::string(data->text("comment").value_or(e.comment))};
  if (scope_of(*type) == step_scope::order) {
    std::string_view ref = data->text("order_ref").value_or(e.order_ref);
    if (ref.empty()) ref = data->text("order_id").value_or("");
    if (const auto* o = state.find_order(ref)) said.order_ref = o->order_ref;
    else if (state.orders.size() == 1) said.order_ref = state.orders.front().order_ref;
    else return;
  }
  for (auto& held : state.manual_steps) {
    if (held.type != said.type || held.order_ref != said.order_ref) continue;
    if (said.counted >= held.counted) held = std::move(said);
    return;
  }
  state.manual_steps.push_back(std::move(said));
}

/// One entry of steps.changed, applied to the steps of its scope.
void step_changed(std::vector<step>& steps, step_type type, const json_fields& change) {
  const auto status = parse_step_status(change.text("status").value_or(""));
  if (!status) return;
  const auto held = std::find_if(steps.begin(), steps.end(), [&](const step& s) { return s.type == type; });
  if (held == steps.end()) return;
  held->status = *status;
  held->expected_at = change.moment("expected_at");
  held->started_at = change.moment("started_at");
  held->completed_at = change.moment("completed_at");
  held->blocked_by = change.text("blocked_by").value_or("");
}

void steps_changed(project_state& state, const payload& data) {
  const auto changes = data->objects("changes");
  if (!changes) return;
  for (const auto& change : *changes) {
    const auto type = parse_step_type(change.text("step_type").value_or(""));
    if (!type) continue;
    switch (scope_of(*type)) {
      case step_scope::project: step_changed(state.steps, *type, change); break;
      case step_scope::installation: step_changed(state.installation_steps, *type, change); break;
      case step_scope::order:
        for (auto& o : state.orders) {
          if (o.order_ref == change.text("order_ref").value_or("")) step_changed(o.concluded.steps, *type, change);
        }
        break;
    }
  }
}

void order_recalculated(project_state& state, const payload& data) {
  const auto ref = data->text("order_ref").value_or("");
  for (auto& o : state.orders) {
    if (o.order_ref != ref) continue;
    auto& c = o.concluded;
    c.status = parse_order_status(data->text("status").value_or("")).value_or(order_status::draft);
    c.latest_eta = data->moment("latest_eta");
    c.in_transit = data->flag("in_transit").value_or(false);
    c.dispatched = data->flag("dispatched").value_or(false);
    c.arrived = data->flag("arrived").value_or(false);
    c.delivered = data->flag("delivered").value_or(false);
    c.last_shipment_event_at = data->moment("last_shipment_event_at");
  }
}

void consolidation_recalculated(project_state& state, const payload& data) {
  if (!state.consolidation) return;
  const auto list = [&](std::string_view key) { return data->texts(key).value_or(std::vector<std::string>{}); };
  auto& c = state.consolidation->concluded;
  c.status = parse_consolidation_status(data->text("status").value_or("")).value_or(consolidation_status::waiting);
  c.orders_required = list("orders_required");
  c.orders_arrived = list("orders_arrived");
  c.orders_missing = list("orders_missing");
  c.estimated_complete_date = data->day("estimated_complete_date");
  c.partial_delivery_approved = data->flag("partial_delivery_approved").value_or(false);
}

}  // namespace

void operator_event(project_state& state, const event& e, const payload& data, sighted when) {
  if (e.type == own_type::note_added) {
    state.notes.push_back({std::string(data->text("comment").value_or(e.comment)), e.operator_id, e.occurred_at});
  } else if (e.type == own_type::project_assigned) {
    state.assigned_to = data->text("assigned_to").value_or("");
  } else if (e.type == own_type::project_status_set) {
    if (const auto status = parse_project_status(data->text("status").value_or(""))) state.status_said.set(*status, when);
    refresh_closed_at(state);
  } else if (e.type == own_type::step_updated) {
    manual_step_said(state, e, data, when);
  } else if (e.type == own_type::order_created) {
    const std::string_view ref = data->text("order_ref").value_or(e.order_ref);
    if (!ref.empty()) order_details(order_named(state, ref, e), data, when);
  } else if (e.type == own_type::partial_delivery_approved) {
    consent_said(state, e, when, data->flag("customer"), data->flag("installer"));
  } else {
    anomaly_event(state, e, data);
  }
}

void derived_event(project_state& state, const event& e, const payload& data) {
  if (e.type == own_type::steps_changed) {
    steps_changed(state, data);
  } else if (e.type == own_type::order_recalculated) {
    order_recalculated(state, data);
  } else if (e.type == own_type::consolidation_recalculated) {
    consolidation_recalculated(state, data);
  } else if (e.type == own_type::project_recalculated) {
    state.promised_delivery_date = data->day("promised_delivery_date");
    state.promised_installation_date = data->day("promised_installation_date");
  } else if (e.type == own_type::project_closed) {
    state.auto_closed_at = data->moment("closed_at");
    refresh_closed_at(state);
  } else if (e.type == own_type::project_reopened) {
    state.auto_closed_at.reset();
    refresh_closed_at(state);
  } else if (e.type == own_type::project_status_changed) {
    if (const auto to = parse_project_status(data->text("to").value_or(""))) state.status = *to;
  } else {
    anomaly_event(state, e, data);
  }
}

void refresh_closed_at(project_state& state) {
  state.closed_at = closed_at(state, state.auto_closed_at);
}

}  // namespace plo::fold
