// From facts to conclusions: what PLO believes about a project, given what it was told. Pure, and independent of the order
// in which it was told: only the facts of the state are read, never the conclusions that it holds.
#pragma once

#include <optional>
#include <vector>

#include "domain/project/project.hpp"

namespace plo {

class payload;

/// Everything that is concluded, as it should stand.
struct conclusions {
  std::vector<order_conclusions> orders;  // in the order of the state's orders
  std::optional<consolidation_conclusions> consolidation;
  std::optional<local_day> promised_delivery_date;
  std::optional<local_day> promised_installation_date;
  std::optional<instant> auto_closed_at;
  project_status status = project_status::draft;
  std::vector<step> steps;               // the project's
  std::vector<step> installation_steps;  // of the visit that is next; empty without a visit
  bool operator==(const conclusions&) const = default;
};

[[nodiscard]] conclusions conclude(const project_state& state, const domain_settings& settings);

/// The conclusions that the state holds, to compare with.
[[nodiscard]] conclusions held_conclusions(const project_state& state);

/// True when the shipment ends its order's way to the station. That is what `last_leg` says; without it, a shipment is
/// the last leg unless another one goes on from where it ends: one with a higher leg number whose origin is this one's
/// destination, or with a higher leg number when either place is unknown. A shipment without a number is a first leg.
[[nodiscard]] bool is_last_leg(const order& o, const shipment& s);

/// The project's station: the one that a consolidation message names, else the destination of the last leg known. Empty while there is only
/// the first leg of each order to go by.
[[nodiscard]] std::string_view station_of(const project_state& state);

/// When the order arrived at the station: its last leg's arrival there, or when the consolidation said so. An arrival elsewhere is a leg's.
[[nodiscard]] std::optional<instant> arrived_at(const order& o, std::string_view station);

/// When the order was delivered: by the first tour after its confirmation from which it was not missing.
[[nodiscard]] std::optional<sighted> delivered(const project_state& state, const order& o);
[[nodiscard]] inline std::optional<instant> delivered_at(const project_state& state, const order& o) { return time_of(delivered(state, o)); }

/// When everything was delivered: every required order; where none is required, what a tour had with it.
[[nodiscard]] std::optional<sighted> delivered(const project_state& state);
[[nodiscard]] inline std::optional<instant> delivered_at(const project_state& state) { return time_of(delivered(state)); }

/// True when nothing was missing from the tour, or nothing that anybody still waits for.
[[nodiscard]] bool delivered_whole(const project_state& state, const lastmile& tour);

/// The open tour with the earliest slot of those that were set after the order was confirmed; null when none is set for it.
[[nodiscard]] const lastmile* tour_for(const project_state& state, const order& o);
/// The start of its slot.
[[nodiscard]] std::optional<instant> slot_of(const project_state& state, const order& o);
/// The tour that delivered the order.
[[nodiscard]] const lastmile* delivered_by(const project_state& state, const order& o);

/// Confirmed and not cancelled: an order that consolidation and delivery wait for.
[[nodiscard]] inline bool is_required(const order& o) { return o.confirmed_at && !o.cancelled_at; }

/// By the project's own flag, or that of any order that is not cancelled.
[[nodiscard]] bool installation_required(const project_state& state);

/// When the installation was closed: the last visit is, and none is to come.
[[nodiscard]] std::optional<sighted> installation_closed(const project_state& state);

/// When the project was closed, by whatever closed it; empty while it is not.
[[nodiscard]] std::optional<instant> closed_at(const project_state& state, std::optional<instant> auto_closed_at);

/// The orders that an event is about: the one it names, else those with its shipment, else the only one there is.
[[nodiscard]] std::vector<const order*> orders_concerned(const project_state& state, const event& e, const payload& data);

}  // namespace plo
