// What happens to a project once its orders are on the way: consolidation, delivery tours, installation visits.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/event/vocabulary.hpp"
#include "domain/project/dated.hpp"
#include "domain/project/order.hpp"

namespace plo {

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
  std::optional<instant> opened_at;         // first confirmed order
  std::optional<sighted> completed_by_oms;  // the last consolidation.complete
  dated<local_day> estimated_by_oms;        // stands in while no shipment has an ETA

  /// What somebody said about a partial delivery (domain/project/consent.hpp).
  struct consent_said {
    sighted when;
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
  bool told = true;                  // what was missing; a partial delivery that does not say it may lack anything
  std::vector<std::string> missing;  // order references
  sighted first;
  sighted last;
  bool operator==(const delivery_outcome&) const = default;
};

/// A slot as it was said: which instants it means is a matter of the zone.
struct local_slot {
  local_day date{};
  std::optional<std::chrono::minutes> start;  // after midnight
  std::optional<std::chrono::minutes> end;    // earlier than the start: of the next day; without one the slot lasts to the end of its day
  std::optional<instant> exact;               // its start, where it was given as an instant
  bool operator==(const local_slot&) const = default;

  [[nodiscard]] instant begins(const zone& tz) const;
  [[nodiscard]] instant ends(const zone& tz) const;
};

/// A tour to the customer. A project may have many, each with its own slot and outcome.
struct lastmile {
  std::string lastmile_id;    // empty while no source has named it
  sighted first_named;        // the earliest event about it: of two tours the one named later is the latest
  std::uint64_t touched = 0;  // place in the stream of the last event about it
  sightings seen;             // of lastmile.*
  dated<lastmile_status> status;
  dated<std::string> carrier;
  dated<std::string> carrier_tracking_ref;
  dated<instant> slot_start;
  dated<instant> slot_end;
  std::optional<sighted> slot_set;      // when the present slot was last set
  std::optional<sighted> first_slot;    // when it got its first one
  std::optional<instant> previous_slot_start;  // of the last slot that differs from the present one
  dated<bool> is_partial;
  dated<std::vector<std::string>> missing_order_ids;  // order references
  std::optional<instant> delivered_at;                // full delivery, or the partial one
  bool ever_scheduled = false;
  bool delivered = false;  // a delivery was made that nothing was said to miss
  dated<std::string> pod_url;

  // What the fields above are merged from.
  local_slot slot, previous_slot;
  sighted previous_slot_as_of{instant::min()};
  std::optional<sighted> last_closing;  // delivered, in part or not, or failed
  std::optional<sighted> left_station;  // first in_transit or delivery
  std::vector<delivery_outcome> outcomes;

  /// The last closing event since the slot was set; empty while the tour is open.
  [[nodiscard]] std::optional<sighted> closed() const {
    return last_closing && (!slot_set || *last_closing > *slot_set) ? last_closing : std::nullopt;
  }
  [[nodiscard]] bool is_open() const { return !closed(); }
  bool operator==(const lastmile&) const = default;
};

/// A visit of the installer. A project may have many.
struct installation {
  std::string installation_id;  // empty while no source has named it
  sighted first_named;
  std::uint64_t touched = 0;
  sightings seen;  // of installation.*
  dated<installation_status> status;
  dated<std::string> installer_id;
  dated<std::string> technician_id;
  dated<instant> scheduled_start;
  dated<instant> scheduled_end;
  std::optional<instant> first_scheduled_at;
  std::optional<instant> started_at;           // first start
  std::optional<instant> completed_at;         // last completion
  std::optional<instant> report_submitted_at;  // last report
  std::optional<sighted> closed;               // last closing

  [[nodiscard]] bool is_cancelled() const { return status.value == installation_status::cancelled; }
  /// Still to come, or going on. One that was left unfinished is over: what is missing is another visit's.
  [[nodiscard]] bool is_open() const {
    return !status.has() || *status.value == installation_status::scheduled || *status.value == installation_status::in_progress;
  }
  bool operator==(const installation&) const = default;
};

}  // namespace plo
