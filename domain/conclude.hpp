// From facts to conclusions: what PLO believes about a project, given what it was told. Pure, and independent of the order
// in which it was told: only the facts of the state are read, never the conclusions that it holds.
#pragma once

#include <optional>
#include <vector>

#include "domain/project.hpp"

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
  std::vector<step> installation_steps;  // empty without an installation
  bool operator==(const conclusions&) const = default;
};

[[nodiscard]] conclusions conclude(const project_state& state, const domain_settings& settings);

/// The conclusions that the state holds, to compare with.
[[nodiscard]] conclusions held_conclusions(const project_state& state);

/// True when the shipment ends its order's way to the station. That is what `last_leg` says; without it, a shipment is
/// the last leg unless another one goes on from where it ends: one with a higher leg number whose origin is this one's
/// destination, or with a higher leg number when either place is unknown. A shipment without a number is a first leg.
[[nodiscard]] bool is_last_leg(const order& o, const shipment& s);

/// When the order arrived at the station: its last leg's arrival, or when the consolidation said so.
[[nodiscard]] std::optional<instant> arrived_at(const order& o);

/// When the order was delivered: the first delivery after its confirmation from which it was not missing.
[[nodiscard]] std::optional<instant> delivered_at(const project_state& state, const order& o);

/// Confirmed and not cancelled: an order that consolidation and delivery wait for.
[[nodiscard]] inline bool is_required(const order& o) { return o.confirmed_at && !o.cancelled_at; }

/// By the project's own flag, or that of any order that is not cancelled.
[[nodiscard]] bool installation_required(const project_state& state);

/// When the project was closed, by whatever closed it; empty while it is not.
[[nodiscard]] std::optional<instant> closed_at(const project_state& state, std::optional<instant> auto_closed_at);

/// The orders that an event is about: the one it names, else those with its shipment, else the only one there is.
[[nodiscard]] std::vector<const order*> orders_concerned(const project_state& state, const event& e, const payload& data);

}  // namespace plo
