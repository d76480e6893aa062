#include "domain/event/vocabulary.hpp"

#include <array>
#include <cstddef>

namespace plo {

namespace {

// Each list in the order of its enum.
using names = std::string_view;
constexpr names project_statuses[] = {"draft", "active", "on_hold", "completed", "cancelled"};
constexpr names order_statuses[] = {"draft", "confirmed", "in_fulfillment", "delivered", "installed", "closed", "cancelled"};
constexpr names stock_statuses[] = {"", "available", "shortage", "backordered"};
constexpr names shipment_statuses[] = {"pending", "dispatched", "in_transit", "arrived", "exception"};
constexpr names consolidation_statuses[] = {"waiting", "in_progress", "complete", "partial_approved"};
constexpr names lastmile_statuses[] = {"pending", "scheduled", "in_transit", "delivered", "partial_delivered", "failed"};
constexpr names installation_statuses[] = {"scheduled", "in_progress", "partial", "completed", "closed", "cancelled"};
constexpr names step_statuses[] = {"pending", "in_progress", "completed", "anomaly", "blocked", "skipped"};
constexpr names step_scopes[] = {"project", "order", "installation"};
constexpr names step_types[] = {
    "inspiration", "quote_products", "quote_installation", "consolidation_in_progress", "consolidation_complete",
    "lastmile_scheduled", "lastmile_delivered", "project_closed", "order_confirmed", "stock_check",
    "picking_preparation", "shipment_dispatched", "shipment_in_transit", "shipment_arrived_at_station",
    "installation_scheduled", "installation_execution", "installation_report", "installation_closed"};
static_assert(std::size(step_types) == static_cast<std::size_t>(step_type::installation_closed) + 1);

template <class E, std::size_t N>
std::optional<E> find(const names (&list)[N], std::string_view text) {
  for (std::size_t i = 0; i < N; ++i) {
    if (list[i] == text) return static_cast<E>(i);
  }
  return std::nullopt;
}

template <std::size_t N, class E>
std::string_view name(const names (&list)[N], E value) {
  const auto i = static_cast<std::size_t>(value);
  return i < N ? list[i] : std::string_view{};
}

}  // namespace

std::string_view to_string(project_status s) { return name(project_statuses, s); }
std::string_view to_string(order_status s) { return name(order_statuses, s); }
std::string_view to_string(stock_status s) { return name(stock_statuses, s); }
std::string_view to_string(shipment_status s) { return name(shipment_statuses, s); }
std::string_view to_string(consolidation_status s) { return name(consolidation_statuses, s); }
std::string_view to_string(lastmile_status s) { return name(lastmile_statuses, s); }
std::string_view to_string(installation_status s) { return name(installation_statuses, s); }
std::string_view to_string(step_status s) { return name(step_statuses, s); }
std::string_view to_string(step_scope s) { return name(step_scopes, s); }
std::string_view to_string(step_type t) { return name(step_types, t); }

step_scope scope_of(step_type t) {
  if (t >= step_type::installation_scheduled) return step_scope::installation;
  return t >= step_type::order_confirmed ? step_scope::order : step_scope::project;
}

std::optional<step_type> parse_step_type(std::string_view text) { return find<step_type>(step_types, text); }
std::optional<step_status> parse_step_status(std::string_view text) { return find<step_status>(step_statuses, text); }
std::optional<project_status> parse_project_status(std::string_view text) { return find<project_status>(project_statuses, text); }
std::optional<order_status> parse_order_status(std::string_view text) { return find<order_status>(order_statuses, text); }
std::optional<consolidation_status> parse_consolidation_status(std::string_view text) {
  return find<consolidation_status>(consolidation_statuses, text);
}

}  // namespace plo
