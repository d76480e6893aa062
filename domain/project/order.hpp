// An order of a project, with its lines and shipments.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/event/ids.hpp"
#include "domain/event/vocabulary.hpp"
#include "domain/project/dated.hpp"

namespace plo {

/// One step of the life cycle.
struct step {
  step_type type = step_type::inspiration;
  step_status status = step_status::pending;
  std::optional<instant> expected_at;
  std::optional<instant> started_at;
  std::optional<instant> completed_at;
  std::string blocked_by;  // id of the anomaly that blocks it
  bool operator==(const step&) const = default;
};

struct order_line {
  std::string line_id;  // the source's; else "1", "2", … within the order
  std::string sku;
  std::string label;
  double quantity = 1;
  std::optional<double> unit_price;
  std::string warehouse;
  bool main = false;
  std::optional<bool> installation_required;
  dated<stock_status> stock;
  std::optional<std::string> replaced_by;     // the article that the line now is, at the end of its replacements
  std::optional<bool> replacement_validated;  // the last of them, by the customer

  bool numbered = false;            // line_id is ours, by the line's place
  bool stated = false;              // its place is among the lines of order.confirmed
  std::optional<sighted> added_at;  // its content is that of an order.line_added
  bool operator==(const order_line&) const = default;
};

/// What stock events said about one SKU. Kept beside the lines, because it may come before them.
struct sku_stock {
  std::string sku;
  stated<stock_status> said;
  std::optional<double> available;  // quantity, of the event `said` stems from
  bool operator==(const sku_stock&) const = default;
};

/// What order.line_replaced said about one SKU.
struct sku_replacement {
  std::string sku;
  stated<std::string> by;
  stated<bool> validated;
  bool operator==(const sku_replacement&) const = default;
};

struct shipment {
  std::string shipment_id;  // the source's; else made of the order reference and the leg
  std::optional<std::int64_t> leg_number;
  std::optional<bool> last_leg;
  std::string origin_type, origin_ref, destination_station_id, destination_station_name, carrier, carrier_tracking_ref;
  dated<shipment_status> status;
  std::optional<instant> dispatched_at;  // when it left its source: the earliest event that says so
  dated<instant> estimated_arrival;
  std::optional<instant> actual_arrival;  // set once arrived at the station
  std::optional<instant> last_event_at;

  // What the fields above are merged from.
  std::array<stamp, 8> known_since;  // of the eight plain fields
  dated<shipment_status> moved;      // dispatched or in_transit, the newest
  dated<instant> arrived;            // the newest arrival
  std::optional<instant> exception_at;
  bool operator==(const shipment&) const = default;
};

/// The conclusions about an order.
struct order_conclusions {
  order_status status = order_status::draft;
  std::optional<instant> latest_eta;  // largest ETA of the shipments that have not arrived
  bool in_transit = false;
  bool dispatched = false;
  bool arrived = false;
  bool delivered = false;
  std::optional<instant> last_shipment_event_at;
  std::vector<step> steps;  // the six order steps, in life-cycle order
  bool operator==(const order_conclusions&) const = default;
};

struct order {
  order_id id;
  std::string order_ref;
  std::optional<instant> confirmed_at;  // of the present confirmation: the first one after the last cancellation
  std::optional<instant> cancelled_at;  // while cancelled
  dated<std::string> delivery_address;      // JSON
  dated<std::string> installation_address;  // JSON
  dated<bool> installation_required;
  dated<std::int64_t> lead_time_days;
  dated<local_day> promised_delivery_date;
  dated<local_day> promised_installation_date;
  dated<std::string> customer_id;
  std::vector<order_line> lines;
  std::vector<shipment> shipments;            // by first mention
  std::optional<instant> arrived_at_station;  // consolidation.order_arrived said so
  sightings seen;                             // of order.*, stock.*, picking.* and shipment.*

  // What the fields above are merged from.
  struct said_status {
    sighted when;
    bool confirmed = false;  // else cancelled
    bool operator==(const said_status&) const = default;
  };
  std::vector<said_status> confirmations;     // and cancellations, by time
  sighted lines_as_of{instant::min()};        // of the order.confirmed that the lines stem from
  std::uint64_t confirmed_version = 0, cancelled_version = 0;  // places in the stream of confirmed_at and cancelled_at
  std::vector<sku_stock> stock;               // by SKU
  stated<stock_status> whole_stock;             // by the newest stock event that names no SKU
  std::vector<sku_replacement> replacements;  // by SKU

  // What the rules ask about its articles, from the fields above.
  std::vector<std::string> articles_short;        // sorted; of an order without lines that is short as a whole "*"
  std::vector<std::string> articles_unvalidated;  // sorted; replacements that the customer has not agreed to

  /// The present confirmation and cancellation with their places among events of the same time.
  [[nodiscard]] std::optional<sighted> confirmed() const {
    return confirmed_at ? std::optional(sighted{*confirmed_at, confirmed_version}) : std::nullopt;
  }
  [[nodiscard]] std::optional<sighted> cancelled() const {
    return cancelled_at ? std::optional(sighted{*cancelled_at, cancelled_version}) : std::nullopt;
  }

  order_conclusions concluded;
  bool operator==(const order&) const = default;
};

}  // namespace plo
