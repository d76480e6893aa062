#include "projections/project/project_json.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "domain/project/agenda.hpp"
#include "domain/project/consent.hpp"
#include "domain/project/entity.hpp"
#include "projections/project/anomaly_json.hpp"

namespace plo::projections {

namespace {

void write_raw_or_null(json_writer& json, std::string_view name, const std::optional<std::string>& text) {
  json.key(name);
  if (text && !text->empty())
    json.raw(*text);
  else
    json.null();
}

void write_step(json_writer& json, const step& s, const order* of) {
  json.begin_object();
  json.field("step_type", to_string(s.type)).field("scope", to_string(scope_of(s.type)));
  if (of != nullptr) json.field("order_id", of->id).field("order_ref", of->order_ref);
  json.field("status", to_string(s.status)).field("expected_at", s.expected_at).field("started_at", s.started_at);
  json.field("completed_at", s.completed_at).field_or_null("blocked_by", s.blocked_by);
  json.end_object();
}

void write_risk_facts(json_writer& json, const std::optional<risk::estimate>& risk) {
  json.key("risk_facts").begin_array();
  if (risk)
    for (const auto& fact : risk->facts) json.begin_object().field("fact", fact.name).field("weight", std::round(fact.weight * 100) / 100).field("detail", fact.detail).end_object();
  json.end_array();
}

void write_line(json_writer& json, const order_line& line) {
  json.begin_object();
  json.field("line_id", line.line_id).field("sku", line.sku).field_or_null("label", line.label);
  json.field("quantity", line.quantity).field("unit_price", line.unit_price);
  json.field_or_null("warehouse", line.warehouse).field("main", line.main);
  json.field("installation_required", line.installation_required);
  json.field_or_null("stock_status", to_string(line.stock.value.value_or(stock_status::unknown)));
  json.field("replaced_by", line.replaced_by);
  json.end_object();
}

void write_shipment(json_writer& json, const shipment& s) {
  json.begin_object();
  json.field("shipment_id", s.shipment_id).field("leg_number", s.leg_number);
  json.field_or_null("origin_type", s.origin_type).field_or_null("origin_ref", s.origin_ref);
  json.field_or_null("destination_station_id", s.destination_station_id);
  json.field_or_null("carrier", s.carrier).field_or_null("carrier_tracking_ref", s.carrier_tracking_ref);
  json.field("status", to_string(s.status.value.value_or(shipment_status::pending)));
  json.field("estimated_arrival", s.estimated_arrival.value).field("actual_arrival", s.actual_arrival);
  json.end_object();
}

void write_order(json_writer& json, const order& o) {
  const auto& concluded = o.concluded;
  json.begin_object();
  json.field("order_id", o.id).field("order_ref", o.order_ref).field("status", to_string(concluded.status));
  write_raw_or_null(json, "delivery_address", o.delivery_address.value);
  write_raw_or_null(json, "installation_address", o.installation_address.value);
  json.field("installation_required", o.installation_required.value);
  json.field("lead_time_days", o.lead_time_days.value);
  json.field("promised_delivery_date", o.promised_delivery_date.value);
  json.field("promised_installation_date", o.promised_installation_date.value);
  json.field("confirmed_at", o.confirmed_at).field("latest_eta", concluded.latest_eta);
  json.field("in_transit", concluded.in_transit).field("dispatched", concluded.dispatched);
  json.field("arrived", concluded.arrived).field("delivered", concluded.delivered);
  json.key("lines").begin_array();
  for (const auto& line : o.lines) write_line(json, line);
  json.end_array();
  json.key("shipments").begin_array();
  for (const auto& s : o.shipments) write_shipment(json, s);
  json.end_array().end_object();
}

void write_consolidation(json_writer& json, const project_state& project) {
  if (!project.consolidation) return (void)json.null();
  const auto& c = *project.consolidation;
  const auto& concluded = c.concluded;
  const auto agreed = consent_of(project);
  json.begin_object();
  json.field("consolidation_id", c.consolidation_id);
  json.field("station_id", c.station_id.value).field("station_name", c.station_name.value);
  json.field("status", to_string(concluded.status));
  json.field_strings("orders_required", concluded.orders_required);
  json.field_strings("orders_arrived", concluded.orders_arrived);
  json.field_strings("orders_missing", concluded.orders_missing);
  json.field("estimated_complete_date", concluded.estimated_complete_date);
  json.field("partial_delivery_approved", concluded.partial_delivery_approved);
  json.key("partial_approved_by");
  if (agreed.customer || agreed.installer) {
    json.begin_object().field("customer", agreed.customer.value_or(false)).field("installer", agreed.installer.value_or(false));
    json.field("approved_at", time_of(agreed.since)).end_object();
  } else {
    json.null();
  }
  json.end_object();
}

void write_lastmile(json_writer& json, const lastmile* tour) {
  if (tour == nullptr) return (void)json.null();
  const auto& l = *tour;
  json.begin_object();
  json.field_or_null("lastmile_id", l.lastmile_id);
  json.field("status", to_string(l.status.value.value_or(lastmile_status::pending)));
  json.field("carrier", l.carrier.value).field("carrier_tracking_ref", l.carrier_tracking_ref.value);
  json.field("slot_start", l.slot_start.value).field("slot_end", l.slot_end.value);
  json.field("is_partial", l.is_partial.value.value_or(false));
  json.field_strings("missing_order_ids", l.missing_order_ids.value.value_or(std::vector<std::string>{}));
  json.field("delivered_at", l.delivered_at).field("pod_url", l.pod_url.value);
  json.end_object();
}

void write_installation(json_writer& json, const installation* visit) {
  if (visit == nullptr) return (void)json.null();
  const auto& i = *visit;
  json.begin_object();
  json.field_or_null("installation_id", i.installation_id);
  json.field("status", to_string(i.status.value.value_or(installation_status::scheduled)));
  json.field("installer_id", i.installer_id.value).field("technician_id", i.technician_id.value);
  json.field("scheduled_start", i.scheduled_start.value).field("scheduled_end", i.scheduled_end.value);
  json.field("started_at", i.started_at).field("completed_at", i.completed_at);
  json.field("report_submitted_at", i.report_submitted_at);
  json.end_object();
}

void write_refs(json_writer& json, const project_state& project) {
  json.key("refs").begin_array();
  for (const auto& r : project.refs)
    json.begin_object().field("source", r.source).field("ref", r.ref).field("kind", to_string(r.kind)).end_object();
  json.end_array();
}

void write_deadlines(json_writer& json, const project_state& project, const rules::rule_set& rules, const domain_settings& settings) {
  json.key("deadlines").begin_array();
  for (const auto& next : agenda_of(project, rules, settings)) {
    if (next.what != appointment::purpose::deadline) continue;
    json.begin_object().field("rule_id", next.rule->rule->id).field("scope", to_string(next.about.scope));
    json.field("entity", name_of(find_entity(next.about, project), project)).field("due_at", next.due).end_object();
  }
  json.end_array();
}

/// The latest ones: all of them are on the timeline, page by page, and a document of thousands would be read for the sake of a few.
constexpr std::size_t notes_shown = 200;

void write_notes(json_writer& json, const project_state& project) {
  json.key("notes").begin_array();
  const auto from = project.notes.size() - std::min(project.notes.size(), notes_shown);
  for (const auto& n : std::span(project.notes).subspan(from)) {
    json.begin_object().field("comment", n.comment);
    json.field_or_null("operator_id", n.operator_id).field("at", n.at).end_object();
  }
  json.end_array();
}

}  // namespace

next_action next_action_of(const project_state& project) {
  if (project.status == project_status::completed || project.status == project_status::cancelled) return {};
  // Not every source reports every step: what stands before a completed step is past.
  const auto first_open = [](const std::vector<step>& steps) -> const step* {
    const step* open = nullptr;
    for (const auto& s : steps) {
      if (s.status == step_status::completed)
        open = nullptr;
      else if (open == nullptr && s.status != step_status::skipped)
        open = &s;
    }
    return open;
  };
  const auto as_action = [](const step* s) { return s ? next_action{s->type, s->expected_at} : next_action{}; };
  // The life cycle runs through the quotes, the orders (the one that is furthest behind counts), delivery, installation, closing.
  const step* behind = nullptr;
  bool ordered = false;
  for (const auto& o : project.orders) {
    if (!o.confirmed_at || o.cancelled_at) continue;
    ordered = true;
    if (const auto* open = first_open(o.concluded.steps); open && (!behind || open->type < behind->type)) behind = open;
  }
  const step* of_project = first_open(project.steps);
  const auto is_upstream = [](const step* s) { return s && s->type <= step_type::quote_installation; };
  if (!ordered && is_upstream(of_project)) return as_action(of_project);
  const bool delivering = of_project && of_project->type >= step_type::lastmile_scheduled;
  if (behind && !delivering) return as_action(behind);
  if (is_upstream(of_project)) {
    const auto later = std::find_if(project.steps.begin(), project.steps.end(), [&](const step& s) {
      return s.type > step_type::quote_installation && s.status != step_status::completed && s.status != step_status::skipped;
    });
    of_project = later == project.steps.end() ? nullptr : &*later;
  }
  const step* of_installation = first_open(project.installation_steps);
  if (of_installation && (!of_project || of_project->type == step_type::project_closed)) return as_action(of_installation);
  return as_action(of_project);
}

void write_project_item(json_writer& json, const project_state& project, position last, std::optional<double> risk) {
  const auto next = next_action_of(project);
  json.field("project_id", project.id).field_strings("project_refs", project.project_refs);
  json.field("status", to_string(project.status)).field("project_type", project.project_type.value);
  json.field("channel_origin", project.channel_origin.value).field("store_id", project.store_id.value);
  json.field("customer_id", project.customer_id.value);
  const auto found = summary_of(project);
  json.field("health", found.health());
  json.field_or_null("assigned_to", project.assigned_to);
  json.field("promised_delivery_date", project.promised_delivery_date);
  json.field("promised_installation_date", project.promised_installation_date);
  json.key("next_action");
  if (next.step)
    json.value(to_string(*next.step));
  else
    json.null();
  json.field("next_action_at", next.at);
  json.key("open_anomalies").begin_object().field("warning", found.warning).field("critical", found.critical).end_object();
  json.field("oldest_anomaly_at", found.oldest);
  json.field("risk", risk);
  json.field("created_at", project.created_at).field("updated_at", project.updated_at).field("position", last);
}

void write_project_detail(json_writer& json, const project_state& project, position last, const rules::rule_set& rules,
                          const domain_settings& settings, const std::optional<risk::estimate>& risk, std::string_view tracking_token) {
  json.begin_object();
  write_project_item(json, project, last, risk ? std::optional(risk->probability) : std::nullopt);
  write_risk_facts(json, risk);
  json.field("customer_name", project.customer_name.value).field("customer_email", project.customer_email.value);
  json.field("installation_required", project.installation_required.value);
  write_raw_or_null(json, "metadata", project.metadata.value);
  json.field("closed_at", project.closed_at);

  json.key("steps").begin_array();
  for (const auto& s : project.steps) write_step(json, s, nullptr);
  for (const auto& o : project.orders)
    for (const auto& s : o.concluded.steps) write_step(json, s, &o);
  for (const auto& s : project.installation_steps) write_step(json, s, nullptr);
  json.end_array();

  json.key("orders").begin_array();
  for (const auto& o : project.orders) write_order(json, o);
  json.end_array();

  json.key("consolidation");
  write_consolidation(json, project);
  // The tour and the visit that matter now, and all of them.
  json.key("lastmile");
  write_lastmile(json, current_lastmile(project));
  json.key("lastmiles").begin_array();
  for (const auto& l : project.lastmiles) write_lastmile(json, &l);
  json.end_array().key("installation");
  write_installation(json, current_installation(project));
  json.key("installations").begin_array();
  for (const auto& i : project.installations) write_installation(json, &i);
  json.end_array();
  json.key("anomalies").begin_array();
  for (const auto& a : project.anomalies)
    if (!a.is_resolved()) write_anomaly(json, a, project.id);
  json.end_array();
  write_deadlines(json, project, rules, settings);
  write_refs(json, project);
  write_notes(json, project);
  json.field_or_null("tracking_token", tracking_token);
  json.end_object();
}

}  // namespace plo::projections
