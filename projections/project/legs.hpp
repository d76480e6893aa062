// How long deliveries take, lane by lane, and what that says of the projects under way.
//
// Not a list but what the project's other read models lean on: it folds the projects that a step touches, learns from the step's events in
// their order and judges each touched project as of its last event, so that rebuilt read models judge as the live ones did.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "domain/risk/estimate.hpp"
#include "projections/core/rows.hpp"
#include "projections/core/projection.hpp"
#include "projections/project/families.hpp"
#include "projections/project/project_states.hpp"

namespace plo::projections {

class project_fold final : public projection, private risk::memory {
public:
  project_fold(const eventstore::log& log, domain_settings settings);

  std::uint32_t schema_version() const override { return 2; }
  row_family rows() const override { return families::legs; }
  void load(const row_reader& views) override;
  /// Learns what the step's events taught and sets the risk of each project it touched. Counts with the step once it is published.
  void apply(event_pointers events, const row_reader& views, row_batch& batch) override;
  void publish() override;

  /// The projects that the present step touched, as they are after it.
  [[nodiscard]] std::span<const touched_project> touched() const { return touched_; }

private:
  [[nodiscard]] const risk::learnt* find(const std::string& key) const override;
  [[nodiscard]] risk::learnt* change(const std::string& key, const risk::learnt& fresh) override;

  domain_settings settings_;
  project_states states_;
  std::vector<touched_project> touched_;
  std::unordered_map<std::string, risk::learnt> known_;
  std::unordered_map<std::string, risk::learnt> staged_;  // of the step that is not written yet
  std::size_t fresh_ = 0;                                 // of them, those that are not known: the limit must not depend on the steps
};

/// The risk of a project as of now with the facts that weigh most, from the legs as they are in `views`.
[[nodiscard]] std::optional<risk::estimate> explain_risk(const row_reader& views, const project_state& state,
                                                         const domain_settings& settings, instant now);

}  // namespace plo::projections
