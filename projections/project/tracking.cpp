#include "projections/project/tracking.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "domain/project/conclude.hpp"
#include "domain/project/entity.hpp"
#include "projections/project/project_detail.hpp"

namespace plo::projections {

namespace {

/// How many of the things a milestone waits for are done, and when the last one was.
struct milestone {
  std::string_view name;
  std::size_t done = 0, of = 0;
  std::optional<instant> at = {};
  std::optional<instant> expected_at = {};

  void count(std::optional<instant> when) {
    ++of;
    if (!when) return;
    ++done;
    at = std::max(at.value_or(*when), *when);
  }
  [[nodiscard]] bool reached() const { return of > 0 && done == of; }
};

std::optional<instant> completion_of(const std::vector<step>& steps, step_type type) {
  const auto found = std::find_if(steps.begin(), steps.end(), [&](const step& s) { return s.type == type; });
  return found == steps.end() || found->status != step_status::completed ? std::nullopt : found->completed_at;
}

std::vector<milestone> milestones_of(const project_state& project) {
  milestone ordered{"ordered"}, prepared{"prepared"}, shipped{"shipped"}, gathered{"at_station"}, planned{"delivery_scheduled"}, delivered{"delivered"};
  const auto station = station_of(project);
  for (const auto& o : project.orders) {
    if (o.cancelled_at) continue;
    ordered.count(o.confirmed_at);
    const auto& steps = o.concluded.steps;
    const auto dispatched = completion_of(steps, step_type::shipment_dispatched);
    const auto picked = completion_of(steps, step_type::picking_preparation);
    prepared.count(picked ? picked : dispatched);
    shipped.count(dispatched);
    gathered.count(arrived_at(o, station));
    if (!o.concluded.arrived && o.concluded.latest_eta) gathered.expected_at = std::max(gathered.expected_at.value_or(*o.concluded.latest_eta), *o.concluded.latest_eta);
    delivered.count(delivered_at(project, o));
  }
  const auto* l = current_lastmile(project);
  planned.count(l && l->ever_scheduled ? completion_of(project.steps, step_type::lastmile_scheduled) : std::nullopt);
  if (l && l->slot_end.has()) delivered.expected_at = l->slot_end.value;
  std::vector<milestone> all{ordered, prepared, shipped, gathered, planned, delivered};
  if (!installation_required(project)) return all;
  milestone agreed{"installation_scheduled"}, installed{"installed"};
  const auto* i = current_installation(project);
  agreed.count(i && i->status.value != installation_status::cancelled ? i->first_scheduled_at : std::nullopt);
  // Installed is what the last visit has completed.
  installed.count(i && !i->is_cancelled() ? i->completed_at : std::nullopt);
  if (i && i->scheduled_end.has()) installed.expected_at = i->scheduled_end.value;
  all.push_back(agreed);
  all.push_back(installed);
  return all;
}

/// What is behind a milestone that was reached is done, whether anybody reported it or not.
void write_milestones(json_writer& json, std::vector<milestone> all) {
  const auto last = std::find_if(all.rbegin(), all.rend(), [](const milestone& m) { return m.reached(); });
  const auto reached = static_cast<std::size_t>(all.rend() - last);
  json.key("milestones").begin_array();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& m = all[i];
    const std::string_view status = i < reached ? "done" : i == reached ? "current" : "upcoming";
    json.begin_object().field("milestone", m.name).field("status", status).field("at", m.reached() ? m.at : std::nullopt);
    json.field("expected_at", i < reached ? std::nullopt : m.expected_at).field("done", m.done).field("of", m.of).end_object();
  }
  json.end_array();
}

std::string_view status_for_client(project_status status) {
  switch (status) {
    case project_status::draft: return "planned";
    case project_status::active:
    case project_status::on_hold: return "in_progress";
    case project_status::completed: return "completed";
    case project_status::cancelled: return "cancelled";
  }
  return "planned";
}

void write_slot(json_writer& json, std::string_view name, const std::optional<instant>& start, const std::optional<instant>& end) {
  json.key(name);
  if (!start) return (void)json.null();
  json.begin_object().field("start", *start).field("end", end).end_object();
}

void write_orders(json_writer& json, const project_state& project) {
  json.key("orders").begin_array();
  for (const auto& o : project.orders) {
    if (!o.confirmed_at || o.cancelled_at) continue;
    const auto delivered = delivered_at(project, o);
    const std::string_view status = delivered ? "delivered" : o.concluded.arrived ? "at_station" : o.concluded.in_transit || o.concluded.dispatched ? "on_the_way" : "in_preparation";
    json.begin_object().field("reference", o.order_ref).field("status", status);
    json.field("promised_delivery_date", o.promised_delivery_date.value).field("delivered_at", delivered);
    json.key("lines").begin_array();
    for (const auto& line : o.lines) json.begin_object().field_or_null("label", line.label).field("quantity", line.quantity).end_object();
    json.end_array().end_object();
  }
  json.end_array();
}

}  // namespace

std::optional<std::string> tracking_page(const eventstore::log& log, const project_id& id, const domain_settings& settings) {
  const auto folded = fold_project(log, id, settings);
  if (!folded) return std::nullopt;
  const auto& project = folded->state;
  json_writer json;
  json.begin_object().field_or_null("reference", project.project_refs.empty() ? std::string_view() : std::string_view(project.project_refs.front()));
  json.field("project_type", project.project_type.value).field("status", status_for_client(project.status));
  json.field("promised_delivery_date", project.promised_delivery_date).field("promised_installation_date", project.promised_installation_date);
  const auto* l = current_lastmile(project);
  const bool awaited = l != nullptr && l->status.value != lastmile_status::failed;
  write_slot(json, "delivery_slot", awaited ? l->slot_start.value : std::nullopt, awaited ? l->slot_end.value : std::nullopt);
  const auto* i = current_installation(project);
  const bool planned = i && i->status.value != installation_status::cancelled;
  write_slot(json, "installation_slot", planned ? i->scheduled_start.value : std::nullopt, planned ? i->scheduled_end.value : std::nullopt);
  write_milestones(json, milestones_of(project));
  write_orders(json, project);
  json.field("updated_at", project.updated_at).end_object();
  return json.str();
}

}  // namespace plo::projections
