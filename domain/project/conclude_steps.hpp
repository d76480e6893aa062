// The steps of the life cycle, concluded from facts and from the other conclusions. Internal to conclude.cpp.
#pragma once

#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "domain/project/conclude.hpp"

namespace plo::fold {

/// What people and rules say about steps, by the order concerned: a project of hundreds of orders has thousands of them. Refers to the state.
class said_about_steps {
public:
  explicit said_about_steps(const project_state& state);

  /// Statuses given by hand, in the order in which they are held. No reference: those about the project.
  [[nodiscard]] const std::vector<const manual_step*>& by_hand(std::string_view order_ref) const;
  /// The first anomaly that blocks the step. One about an order blocks the steps of that order, and those of the project.
  [[nodiscard]] const anomaly* blocking(step_type type, std::string_view order_ref) const;

private:
  std::unordered_map<std::string_view, std::vector<const manual_step*>> by_hand_;
  std::vector<const anomaly*> blocking_;
  std::unordered_map<std::string_view, std::vector<const anomaly*>> blocking_of_;  // "": about no order
};

[[nodiscard]] std::vector<step> order_steps(const project_state& state, const order& o, const order_conclusions& concluded,
                                            std::string_view station, const said_about_steps& said);
[[nodiscard]] std::vector<step> project_steps(const project_state& state, const conclusions& all, const zone& tz,
                                              std::string_view station, const said_about_steps& said);
[[nodiscard]] std::vector<step> installation_steps(const installation& visit, const conclusions& all, const zone& tz,
                                                   const said_about_steps& said);

/// Whether the shipment has arrived at the station, as far as is known.
[[nodiscard]] bool is_at(const shipment& s, std::string_view station);

/// When the consolidation became complete; empty when it is not.
[[nodiscard]] std::optional<instant> consolidation_complete_at(const project_state& state, std::string_view station);

/// When the first required order arrived.
[[nodiscard]] std::optional<instant> consolidation_started_at(const project_state& state, std::string_view station);

/// Arrived, or covered by a consolidation.complete that came after its confirmation.
[[nodiscard]] std::optional<instant> counted_as_arrived_at(const project_state& state, const order& o, std::string_view station);

}  // namespace plo::fold
