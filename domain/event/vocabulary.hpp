// The words of the domain: statuses, steps and their names in JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace plo {

enum class project_status : std::uint8_t { draft, active, on_hold, completed, cancelled };
enum class order_status : std::uint8_t { draft, confirmed, in_fulfillment, delivered, installed, closed, cancelled };
enum class stock_status : std::uint8_t { unknown, available, shortage, backordered };
enum class shipment_status : std::uint8_t { pending, dispatched, in_transit, arrived, exception };
enum class consolidation_status : std::uint8_t { waiting, in_progress, complete, partial_approved };
enum class lastmile_status : std::uint8_t { pending, scheduled, in_transit, delivered, partial_delivered, failed };
enum class installation_status : std::uint8_t { scheduled, in_progress, partial, completed, closed, cancelled };
enum class step_status : std::uint8_t { pending, in_progress, completed, anomaly, blocked, skipped };
enum class step_scope : std::uint8_t { project, order, installation };

enum class step_type : std::uint8_t {
  // project
  inspiration, quote_products, quote_installation, consolidation_in_progress, consolidation_complete,
  lastmile_scheduled, lastmile_delivered, project_closed,
  // order
  order_confirmed, stock_check, picking_preparation, shipment_dispatched, shipment_in_transit,
  shipment_arrived_at_station,
  // installation
  installation_scheduled, installation_execution, installation_report, installation_closed,
};

[[nodiscard]] std::string_view to_string(project_status s);
[[nodiscard]] std::string_view to_string(order_status s);
[[nodiscard]] std::string_view to_string(stock_status s);  // unknown: ""
[[nodiscard]] std::string_view to_string(shipment_status s);
[[nodiscard]] std::string_view to_string(consolidation_status s);
[[nodiscard]] std::string_view to_string(lastmile_status s);
[[nodiscard]] std::string_view to_string(installation_status s);
[[nodiscard]] std::string_view to_string(step_status s);
[[nodiscard]] std::string_view to_string(step_scope s);
[[nodiscard]] std::string_view to_string(step_type t);
[[nodiscard]] step_scope scope_of(step_type t);
[[nodiscard]] std::optional<step_type> parse_step_type(std::string_view text);
[[nodiscard]] std::optional<step_status> parse_step_status(std::string_view text);
[[nodiscard]] std::optional<project_status> parse_project_status(std::string_view text);
[[nodiscard]] std::optional<order_status> parse_order_status(std::string_view text);
[[nodiscard]] std::optional<consolidation_status> parse_consolidation_status(std::string_view text);

}  // namespace plo
