// How long deliveries take, lane by lane, and what that says of the projects under way.
//
// Not a list but what other read models lean on: it learns from the events of a step in their order and judges each touched project as of
// its last event, so that rebuilt read models judge as the live ones did.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "domain/risk/estimate.hpp"
#include "eventstore/kv/kv_store.hpp"
#include "projections/project/project_states.hpp"

namespace plo::projections {

class learnt_legs : private risk::memory {
public:
  static constexpr std::string_view name = "legs";
  static constexpr std::uint32_t schema_version = 2;

  learnt_legs(const eventstore::kv_reader& views, domain_settings settings);

  /// Learns what the step's events taught and sets the risk of each project it touched. Counts with the step once it is published.
  void apply(std::span<const taught_leg> taught, std::span<touched_project> touched, eventstore::kv_batch& batch);
  void publish();

private:
  [[nodiscard]] const risk::learnt* find(const std::string& key) const override;
  [[nodiscard]] risk::learnt* change(const std::string& key, const risk::learnt& fresh) override;

  domain_settings settings_;
  std::unordered_map<std::string, risk::learnt> known_;
  std::unordered_map<std::string, risk::learnt> staged_;  // of the step that is not written yet
  std::size_t fresh_ = 0;                                 // of them, those that are not known: the limit must not depend on the steps
};

/// The risk of a project as of now with the facts that weigh most, from the legs as they are in `views`.
[[nodiscard]] std::optional<risk::estimate> explain_risk(const eventstore::kv_reader& views, const project_state& state,
                                                         const domain_settings& settings, instant now);

}  // namespace plo::projections
