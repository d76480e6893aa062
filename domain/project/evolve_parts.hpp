// How `evolve` is divided among the entities. Internal to the evolve_*.cpp files.
//
// Every function merges one event into the facts so that the order of arrival does not matter: what a later message may
// contradict is compared by `occurred_at`, and what depends on several messages is recomputed from what was kept of each.
#pragma once

#include "domain/event/catalogue.hpp"
#include "domain/project/payload.hpp"
#include "domain/project/project.hpp"

namespace plo::fold {

/// A catalogued event, read.
struct fact {
  event_type type;
  instant at;  // occurred_at
  std::uint64_t version;  // place in the stream
  const event& source;
  const payload& data;
  const domain_settings& settings;

  [[nodiscard]] sighted when() const { return {at, version}; }
};

/// Why nothing of an event was applied, for people; empty when it was.
using not_applied = std::string_view;
inline constexpr not_applied older = "a newer message says otherwise";

/// The order of that reference; created as a draft when there is none. The id is derived from the event that named it first.
[[nodiscard]] order& order_named(project_state& state, std::string_view order_ref, const event& e);

/// The pending steps of one scope.
[[nodiscard]] std::vector<step> pending_steps(step_scope scope);

// evolve_order.cpp
void order_details(order& o, const payload& data, sighted when);  // every field of order.confirmed but the confirmation
not_applied order_event(order& o, const fact& f);                 // order.*, stock.*, picking.*

// evolve_articles.cpp
not_applied stock_said(order& o, const fact& f);
not_applied replacement_said(order& o, const fact& f);
/// Brings what is known by SKU to the lines.
void refresh_articles(order& o);

// evolve_shipment.cpp
not_applied shipment_event(order& o, const fact& f);

// evolve_delivery.cpp
not_applied consolidation_event(project_state& state, const fact& f);
not_applied lastmile_event(project_state& state, const fact& f);
void consent_said(project_state& state, const event& e, sighted when, std::optional<bool> customer, std::optional<bool> installer);
/// The store that a project's slots are read by has become known, or is another one.
void resolve_slots(project_state& state, const zone& tz);
/// Opens the consolidation with the first confirmed order.
void open_consolidation(project_state& state, const event& e);
/// Orders that were named by PLO's id before their reference was known.
void name_missing_orders(project_state& state);

// evolve_installation.cpp
not_applied installation_event(project_state& state, const fact& f);

// evolve_own.cpp
/// `when` is the moment that the command counts from.
void operator_event(project_state& state, const event& e, const payload& data, sighted when);
void derived_event(project_state& state, const event& e, const payload& data);
void refresh_closed_at(project_state& state);

// evolve_anomaly.cpp
/// A source has named what was found under another name.
void entity_renamed(project_state& state, event_scope scope, const std::string& from, const std::string& to);
void clock_event(project_state& state, const event& e, const payload& data);
void anomaly_event(project_state& state, const event& e, const payload& data);  // derived or an operator's

}  // namespace plo::fold
