#include "domain/event/catalogue.hpp"

#include <algorithm>
#include <array>

namespace plo {

namespace {

using t = event_type;
using s = step_type;
using in = event_scope;
using sev = event_severity;

constexpr catalogue_entry entries[] = {
    {t::project_created, "project.created", in::project, {}},
    {t::inspiration_started, "inspiration.started", in::project, s::inspiration},
    {t::inspiration_completed, "inspiration.completed", in::project, s::inspiration},
    {t::inspiration_converted, "inspiration.converted", in::project, s::inspiration},
    {t::quote_products_created, "quote_products.created", in::project, s::quote_products},
    {t::quote_products_sent, "quote_products.sent", in::project, s::quote_products},
    {t::quote_products_accepted, "quote_products.accepted", in::project, s::quote_products},
    {t::quote_products_expired, "quote_products.expired", in::project, s::quote_products, sev::warning},
    {t::quote_installation_created, "quote_installation.created", in::project, s::quote_installation},
    {t::quote_installation_sent, "quote_installation.sent", in::project, s::quote_installation},
    {t::quote_installation_accepted, "quote_installation.accepted", in::project, s::quote_installation},
    {t::order_confirmed, "order.confirmed", in::order, s::order_confirmed},
    {t::order_line_added, "order.line_added", in::order, s::order_confirmed},
    {t::order_line_replaced, "order.line_replaced", in::order, s::order_confirmed},
    {t::order_cancelled, "order.cancelled", in::order, s::order_confirmed},
    {t::stock_check_ok, "stock.check_ok", in::order, s::stock_check},
    {t::stock_shortage, "stock.shortage", in::order, s::stock_check, sev::warning},
    {t::stock_partial, "stock.partial", in::order, s::stock_check, sev::warning},
    {t::picking_started, "picking.started", in::order, s::picking_preparation},
    {t::picking_completed, "picking.completed", in::order, s::picking_preparation},
    {t::picking_discrepancy, "picking.discrepancy", in::order, s::picking_preparation, sev::critical},
    {t::shipment_dispatched, "shipment.dispatched", in::order, s::shipment_dispatched},
    {t::shipment_in_transit, "shipment.in_transit", in::order, s::shipment_in_transit},
    {t::shipment_eta_updated, "shipment.eta_updated", in::order, s::shipment_in_transit},
    {t::shipment_arrived_at_station, "shipment.arrived_at_station", in::order, s::shipment_arrived_at_station},
    {t::shipment_exception, "shipment.exception", in::order, s::shipment_in_transit, sev::warning},
    {t::consolidation_order_arrived, "consolidation.order_arrived", in::consolidation, s::consolidation_in_progress},
    {t::consolidation_eta_updated, "consolidation.eta_updated", in::consolidation, s::consolidation_in_progress},
    {t::consolidation_complete, "consolidation.complete", in::consolidation, s::consolidation_complete},
    {t::consolidation_partial_approved, "consolidation.partial_approved", in::consolidation, s::consolidation_complete},
    {t::consolidation_exception, "consolidation.exception", in::consolidation, s::consolidation_in_progress, sev::critical},
    {t::lastmile_scheduled, "lastmile.scheduled", in::lastmile, s::lastmile_scheduled},
    {t::lastmile_rescheduled, "lastmile.rescheduled", in::lastmile, s::lastmile_scheduled},
    {t::lastmile_in_transit, "lastmile.in_transit", in::lastmile, s::lastmile_delivered},
    {t::lastmile_delivered, "lastmile.delivered", in::lastmile, s::lastmile_delivered},
    {t::lastmile_partial_delivered, "lastmile.partial_delivered", in::lastmile, s::lastmile_delivered, sev::warning},
    {t::lastmile_failed, "lastmile.failed", in::lastmile, s::lastmile_delivered, sev::critical},
    {t::lastmile_damaged, "lastmile.damaged", in::lastmile, s::lastmile_delivered, sev::critical},
    {t::installation_scheduled, "installation.scheduled", in::installation, s::installation_scheduled},
    {t::installation_rescheduled, "installation.rescheduled", in::installation, s::installation_scheduled},
    {t::installation_cancelled, "installation.cancelled", in::installation, s::installation_scheduled},
    {t::installation_started, "installation.started", in::installation, s::installation_execution},
    {t::installation_completed, "installation.completed", in::installation, s::installation_execution},
    {t::installation_issue, "installation.issue", in::installation, s::installation_execution, sev::critical},
    {t::installation_partial, "installation.partial", in::installation, s::installation_execution, sev::warning},
    {t::installation_report_submitted, "installation.report_submitted", in::installation, s::installation_report},
    {t::installation_closed, "installation.closed", in::installation, s::installation_closed},
    {t::quality_survey_sent, "quality.survey_sent", in::project, {}},
    {t::quality_survey_completed, "quality.survey_completed", in::project, {}},
    {t::quality_issue_raised, "quality.issue_raised", in::project, {}, sev::warning},
    {t::project_closed, "project.closed", in::project, s::project_closed},
    {t::project_closed_with_issue, "project.closed_with_issue", in::project, s::project_closed, sev::warning},
    {t::project_reopened, "project.reopened", in::project, s::project_closed},
};

constexpr auto by_name = [] {
  std::array<std::uint8_t, std::size(entries)> order{};
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint8_t>(i);
  std::sort(order.begin(), order.end(), [](auto a, auto b) { return entries[a].name < entries[b].name; });
  return order;
}();

static_assert([] {
  for (std::size_t i = 0; i < std::size(entries); ++i) {
    if (entries[i].type != static_cast<event_type>(i)) return false;
  }
  return entries[std::size(entries) - 1].type == event_type::project_reopened;
}(), "entries stand in the order of event_type");

}  // namespace

std::string_view to_string(event_scope scope) {
  switch (scope) {
    case event_scope::project: return "project";
    case event_scope::order: return "order";
    case event_scope::consolidation: return "consolidation";
    case event_scope::lastmile: return "lastmile";
    case event_scope::installation: return "installation";
  }
  return "project";
}

std::optional<event_scope> parse_event_scope(std::string_view name) {
  for (const auto scope : {event_scope::project, event_scope::order, event_scope::consolidation, event_scope::lastmile, event_scope::installation})
    if (name == to_string(scope)) return scope;
  return std::nullopt;
}

std::string_view to_string(event_severity severity) {
  switch (severity) {
    case event_severity::info: return "info";
    case event_severity::warning: return "warning";
    case event_severity::critical: return "critical";
  }
  return "info";
}

std::span<const catalogue_entry> catalogue() {
  return entries;
}

const catalogue_entry* find_type(std::string_view name) {
  const auto found = std::lower_bound(by_name.begin(), by_name.end(), name,
                                      [](std::uint8_t i, std::string_view n) { return entries[i].name < n; });
  return found != by_name.end() && entries[*found].name == name ? &entries[*found] : nullptr;
}

std::string_view canonical_type(std::string_view name) {
  if (!name.starts_with("delivery.")) return name;
  if (name == "delivery.scheduled") return "lastmile.scheduled";
  if (name == "delivery.completed") return "lastmile.delivered";
  if (name == "delivery.partial") return "lastmile.partial_delivered";
  return name;
}

bool is_well_formed_type(std::string_view name) {
  const auto dot = name.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == name.size()) return false;
  return std::all_of(name.begin(), name.end(), [&](const char& c) {
    return (c >= 'a' && c <= 'z') || c == '_' || &c == &name[dot];
  });
}

}  // namespace plo
