// What happens to a project once its orders are on the way: consolidation, last mile, installation.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/dated.hpp"
#include "domain/order.hpp"
#include "domain/vocabulary.hpp"

namespace plo {

/// A consent to a partial delivery; one alone is kept and waits for the other.
struct partial_consent {
  dated<bool> customer;
  dated<bool> installer;
  [[nodiscard]] bool both() const { return customer.value.value_or(false) && installer.value.value_or(false); }
  bool operator==(const partial_consent&) const = default;
};

struct consolidation_conclusions {
  consolidation_status status = consolidation_status::waiting;
  std::vector<std::string> orders_required;  // order references
  std::vector<std::string> orders_arrived;
  std::vector<std::string> orders_missing;
  std::optional<local_day> estimated_complete_date;
  bool partial_delivery_approved = false;
  bool operator==(const consolidation_conclusions&) const = default;
};

struct consolidation {
  std::string consolidation_id;  // the source's when it gave one, else derived
  dated<std::string> station_id;
  dated<std::string> station_name;
  std::optional<instant> opened_at;            // first confirmed order
  dated<instant> completed_by_oms;             // consolidation.complete
  dated<local_day> estimated_by_oms;           // stands in while no shipment has an ETA
  partial_consent consent;                     // as it stands
  std::optional<instant> partial_approved_at;  // since when both consent

  // What the fields above are merged from.
  struct consent_said {
    instant at;
    std::optional<bool> customer;
    std::optional<bool> installer;
    bool operator==(const consent_said&) const = default;
  };
  std::vector<consent_said> consents;  // by time
  stamp id_since;

  consolidation_conclusions concluded;
  bool operator==(const consolidation&) const = default;
};

/// One kind of outcome of a delivery tour: which orders were missing, and when it was reported.
struct delivery_outcome {
  bool partial = false;
  std::vector<std::string> missing;  // order references
  instant first_at;
  instant last_at;
  bool operator==(const delivery_outcome&) const = default;
};

struct lastmile {
  std::string lastmile_id;
  dated<lastmile_status> status;
  dated<std::string> carrier;
  dated<std::string> carrier_tracking_ref;
  dated<instant> slot_start;
  dated<instant> slot_end;  // a slot without an end lasts to the end of its day
  std::optional<instant> previous_slot_start;
  std::optional<instant> slot_set_at;  // when the present slot was set
  dated<bool> is_partial;
  dated<std::vector<std::string>> missing_order_ids;  // order references
  std::optional<instant> delivered_at;                // full delivery, or the partial one
  std::optional<instant> closed_at;                   // last closing event since the slot was set
  bool ever_scheduled = false;
  bool delivered = false;  // full delivery was made
  dated<std::string> pod_url;

  // What the fields above are merged from.
  stamp id_since;
  instant previous_slot_as_of = instant::min();
  std::optional<instant> last_closing_at;
  std::optional<instant> left_station_at;  // first in_transit or delivery
  std::vector<delivery_outcome> outcomes;
  bool operator==(const lastmile&) const = default;
};

struct installation {
  std::string installation_id;
  dated<installation_status> status;
  dated<std::string> installer_id;
  dated<std::string> technician_id;
  dated<instant> scheduled_start;
  dated<instant> scheduled_end;
  std::optional<instant> first_scheduled_at;
  std::optional<instant> started_at;           // first start
  std::optional<instant> completed_at;         // last completion
  std::optional<instant> report_submitted_at;  // last report
  std::optional<instant> closed_at;            // last closing
  stamp id_since;
  std::vector<step> steps;  // concluded: the four installation steps
  bool operator==(const installation&) const = default;
};

}  // namespace plo
