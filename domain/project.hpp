// The state of a client project: a fold of the events of its stream, and nothing else.
//
// The state has two halves. *Facts* are what sources and people said; every fact that a later message may contradict
// remembers the `occurred_at` it stems from (`dated`), so that input out of order ends in the same state. *Conclusions*
// (steps, consolidation, statuses) are computed from the facts alone by `conclude` (domain/conclude.hpp) and enter the
// state through derived events, so that the log proves what PLO believed at each moment.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/event.hpp"
#include "domain/ids.hpp"
#include "domain/ingest_event.hpp"
#include "domain/time.hpp"

namespace plo {

/// A value with the time it was true at its source; an older message never overwrites a newer one.
template <class T>
struct dated {
  std::optional<T> value;
  instant as_of = instant::min();

  /// Takes the value unless what is held is newer. True when taken.
  bool set(T v, instant at) {
    if (at < as_of) return false;
    value = std::move(v);
    as_of = at;
    return true;
  }
  [[nodiscard]] bool has() const { return value.has_value(); }
  bool operator==(const dated&) const = default;
};

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

/// One step of the life cycle. Absent steps are pending.
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
  std::string line_id;
  std::string sku;
  std::string label;
  double quantity = 0;
  std::optional<double> unit_price;
  std::string warehouse;
  bool main = false;
  std::optional<bool> installation_required;
  dated<stock_status> stock;
  // The last order.line_replaced of this line.
  dated<std::string> replaced_by;
  dated<bool> replacement_validated;
  bool operator==(const order_line&) const = default;
};

struct shipment {
  std::string shipment_id;
  std::optional<std::int64_t> leg_number;
  std::optional<bool> last_leg;
  std::string origin_type, origin_ref, destination_station_id, destination_station_name, carrier, carrier_tracking_ref;
  dated<shipment_status> status;
  std::optional<instant> dispatched_at;
  dated<instant> estimated_arrival;
  std::optional<instant> actual_arrival;  // set once arrived at the station
  std::optional<instant> last_event_at;
  instant details_as_of = instant::min();
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
  std::optional<instant> confirmed_at;
  std::optional<instant> cancelled_at;
  dated<std::string> delivery_address;      // JSON
  dated<std::string> installation_address;  // JSON
  dated<bool> installation_required;
  dated<std::int64_t> lead_time_days;
  dated<local_day> promised_delivery_date;
  dated<local_day> promised_installation_date;
  dated<std::string> customer_id;
  std::vector<order_line> lines;
  std::vector<shipment> shipments;  // by first mention
  std::optional<instant> arrived_at_station;  // consolidation.order_arrived said so
  // When each step's own events were seen (earliest start, latest completion …), see conclude.cpp.
  std::map<std::string, instant, std::less<>> seen;  // event type → the latest occurred_at of it
  std::map<std::string, instant, std::less<>> first_seen;
  order_conclusions concluded;
  bool operator==(const order&) const = default;
};

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
  std::optional<instant> opened_at;    // first confirmed order
  dated<instant> completed_by_oms;     // consolidation.complete
  partial_consent consent;
  std::optional<instant> partial_approved_at;
  consolidation_conclusions concluded;
  bool operator==(const consolidation&) const = default;
};

struct lastmile {
  std::string lastmile_id;
  dated<lastmile_status> status;
  dated<std::string> carrier;
  dated<std::string> carrier_tracking_ref;
  dated<instant> slot_start;
  dated<instant> slot_end;
  std::optional<instant> previous_slot_start;
  std::optional<instant> slot_set_at;  // when the present slot was set
  dated<bool> is_partial;
  dated<std::vector<std::string>> missing_order_ids;  // order references
  std::optional<instant> delivered_at;                // full delivery, or the partial one
  std::optional<instant> closed_at;                   // last closing event since the slot was set
  bool ever_scheduled = false;
  bool delivered = false;  // full delivery was made
  dated<std::string> pod_url;
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
  std::optional<instant> started_at;
  std::optional<instant> completed_at;
  std::optional<instant> report_submitted_at;
  std::optional<instant> closed_at;
  std::vector<step> steps;  // concluded: the four installation steps
  bool operator==(const installation&) const = default;
};

/// A status an operator gave a step by hand; wins over facts that are older.
struct manual_step {
  step_type type;
  std::string order_ref;  // for order steps
  step_status status;
  instant at;
  std::string comment;
  bool operator==(const manual_step&) const = default;
};

struct note {
  std::string comment;
  std::string operator_id;
  instant at{};
  bool operator==(const note&) const = default;
};

struct project_state {
  project_id id;
  bool exists = false;
  std::uint64_t events = 0;  // folded so far, equal to the stream's version
  std::vector<std::string> project_refs;
  std::vector<reference> refs;
  dated<std::string> project_type;
  dated<std::string> channel_origin;
  dated<std::string> store_id;
  dated<std::string> customer_id;
  dated<std::string> customer_name;
  dated<std::string> customer_email;
  dated<std::string> metadata;  // JSON
  dated<bool> installation_required;
  dated<local_day> promised_installation_date_of_project;
  std::string assigned_to;
  instant created_at{};  // occurred_at of the event that opened the project
  instant updated_at{};  // recorded_at of the last event

  // Facts about status: by hand or from project.closed / closed_with_issue / reopened.
  dated<project_status> status_said;
  dated<bool> closed;  // true: closed (by a source or by hand), false: reopened
  std::optional<instant> closed_at;

  std::map<std::string, instant, std::less<>> seen;        // project-level event type → latest occurred_at
  std::map<std::string, instant, std::less<>> first_seen;  // … → earliest occurred_at
  std::optional<double> survey_score, survey_scale;

  std::vector<order> orders;  // by first mention
  std::optional<plo::consolidation> consolidation;
  std::optional<plo::lastmile> lastmile;
  std::optional<plo::installation> installation;
  std::vector<manual_step> manual_steps;
  std::vector<note> notes;

  // Conclusions.
  project_status status = project_status::draft;
  std::optional<local_day> promised_delivery_date;      // the latest of its orders'
  std::optional<local_day> promised_installation_date;  // the latest of its orders', else the project's own
  std::vector<step> steps;                              // the eight project steps

  [[nodiscard]] const order* find_order(std::string_view order_ref) const;
  bool operator==(const project_state&) const = default;
};

/// What lies outside the log and yet decides: the server's zone and country. Part of the configuration.
struct domain_settings {
  zone tz = zone::utc();
  std::string country = "FR";
};

/// The only way to change a project's state, live or in replay. Total: an event that it does not know, or whose data is not what it
/// expects, changes nothing but the counters.
void evolve(project_state& state, const event& e, const domain_settings& settings);

/// What follows from one input.
struct decision {
  std::vector<event> events;  // the input itself first, then everything derived from it
  project_state next;         // the state after all of them
};

/// Pure: the same arguments give the same events, ids included. `input` carries its id, times and kind; `input.recorded_at` is "now".
/// `id` names the project when the state does not exist yet.
[[nodiscard]] decision decide(const project_state& state, project_id id, event input, const domain_settings& settings);

/// True while new orders of its customer may join it by themselves: draft, active or on hold.
[[nodiscard]] bool is_open(const project_state& state);

}  // namespace plo
