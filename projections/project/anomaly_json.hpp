// An anomaly in the JSON of the contract (API.md, "Settled shapes"), and what it makes of its project.
#pragma once

#include "base/json.hpp"
#include "domain/project/project.hpp"

namespace plo::projections {

/// One anomaly as an object.
void write_anomaly(json_writer& json, const anomaly& a, const project_id& project);

/// What a project's unresolved anomalies amount to. Snoozed and acknowledged ones count.
struct anomaly_summary {
  std::uint64_t warning = 0;
  std::uint64_t critical = 0;
  std::optional<instant> oldest;  // the longest wait: when it was raised

  [[nodiscard]] std::string_view health() const { return critical > 0 ? "red" : warning > 0 ? "orange" : "green"; }
  [[nodiscard]] std::string_view worst() const { return critical > 0 ? "critical" : warning > 0 ? "warning" : ""; }
};
[[nodiscard]] anomaly_summary summary_of(const project_state& project);

}  // namespace plo::projections
