// How `evolve` is divided among the entities. Internal to the evolve_*.cpp files.
//
// Every function merges one event into the facts so that the order of arrival does not matter: what a later message may
// contradict is compared by `occurred_at`, and what depends on several messages is recomputed from what was kept of each.
#pragma once

#include "domain/catalogue.hpp"
#include "domain/payload.hpp"
#include "domain/project.hpp"

namespace plo::fold {

/// A catalogued event, read.
struct fact {
  event_type type;
  instant at;  // occurred_at
  std::uint64_t version;  // place in the stream
  const event& source;
  const payload& data;
  const domain_settings& settings;
};

/// The order of that reference; created as a draft when there is none. The id is derived from the event that named it first.
[[nodiscard]] order& order_named(project_state& state, std::string_view order_ref, const event& e);

/// The pending steps of one scope.
[[nodiscard]] std::vector<step> pending_steps(step_scope scope);

// evolve_order.cpp
void order_details(order& o, const payload& data, instant at);  // every field of order.confirmed but the confirmation
void order_event(order& o, const fact& f);                      // order.*, stock.*, picking.*

// evolve_shipment.cpp
void shipment_event(order& o, const fact& f);

// evolve_delivery.cpp
void consolidation_event(project_state& state, const fact& f);
void lastmile_event(project_state& state, const fact& f);
void consent_said(project_state& state, const event& e, std::optional<bool> customer, std::optional<bool> installer);
/// Opens the consolidation with the first confirmed order.
void open_consolidation(project_state& state, const event& e);
/// Orders that were named by PLO's id before their reference was known.
void name_missing_orders(project_state& state);

// evolve_installation.cpp
void installation_event(project_state& state, const fact& f);

// evolve_own.cpp
void operator_event(project_state& state, const event& e, const payload& data);
void derived_event(project_state& state, const event& e, const payload& data);
void refresh_closed_at(project_state& state);

// evolve_anomaly.cpp
void clock_event(project_state& state, const event& e, const payload& data);
void anomaly_event(project_state& state, const event& e, const payload& data);  // derived or an operator's

}  // namespace plo::fold
