#include "projections/legs.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "eventstore/keys.hpp"
#include "projections/read_models.hpp"

namespace plo::projections {

namespace {

/// Lanes beyond these are judged by what is known of those they belong to.
constexpr std::size_t max_lanes = 200'000;

double rounded(double probability) { return std::round(probability * 1e4) / 1e4; }

}  // namespace

learnt_legs::learnt_legs(const eventstore::kv_reader& views, domain_settings settings) : settings_(std::move(settings)) {
  views.scan(families::legs, "", "", [&](std::string_view key, std::string_view value) {
    counted_.emplace(key, risk::durations::decode(value));
    return true;
  });
}

void learnt_legs::learn(const risk::leg_observation& observed) {
  for (auto& key : risk::keys_of(observed.what)) {
    const auto staged = staged_.find(key);
    if (staged != staged_.end()) {
      staged->second.observe(observed.took);
      continue;
    }
    const auto known = counted_.find(key);
    if (known == counted_.end() && counted_.size() + staged_.size() >= max_lanes) return;
    auto& fresh = staged_[std::move(key)];
    if (known != counted_.end()) fresh = known->second;
    fresh.observe(observed.took);
  }
}

void learnt_legs::apply(std::span<const taught_leg> taught, std::span<touched_project> touched, eventstore::kv_batch& batch) {
  staged_.clear();
  const risk::lookup lookup = [this](const std::string& key) -> const risk::durations* {
    if (const auto staged = staged_.find(key); staged != staged_.end()) return &staged->second;
    const auto known = counted_.find(key);
    return known == counted_.end() ? nullptr : &known->second;
  };
  std::vector<touched_project*> by_position;
  for (auto& project : touched) by_position.push_back(&project);
  std::sort(by_position.begin(), by_position.end(), [](const auto* a, const auto* b) { return a->last < b->last; });
  auto next = taught.begin();
  for (auto* project : by_position) {
    for (; next != taught.end() && next->at <= project->last; ++next) learn(next->leg);
    const auto estimate = risk::estimate_risk(*project->state, lookup, settings_, project->latest, false);
    if (estimate) project->risk = rounded(estimate->probability);
  }
  for (; next != taught.end(); ++next) learn(next->leg);
  for (const auto& [key, durations] : staged_) batch.put(families::legs, key, durations.encode());
}

void learnt_legs::publish() {
  for (auto& [key, durations] : staged_) counted_[key] = durations;
  staged_.clear();
}

std::optional<risk::estimate> explain_risk(const eventstore::kv_reader& views, const project_state& state, const domain_settings& settings, instant now) {
  std::map<std::string, std::optional<risk::durations>> read;
  const risk::lookup lookup = [&](const std::string& key) -> const risk::durations* {
    const auto [known, fresh] = read.try_emplace(key);
    if (fresh)
      if (const auto row = views.get(families::legs, key)) known->second = risk::durations::decode(*row);
    return known->second ? &*known->second : nullptr;
  };
  auto estimate = risk::estimate_risk(state, lookup, settings, now, true);
  if (estimate) estimate->probability = rounded(estimate->probability);
  return estimate;
}

}  // namespace plo::projections
