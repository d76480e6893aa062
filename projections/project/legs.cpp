#include "projections/project/legs.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "eventstore/kv/keys.hpp"
#include "projections/core/read_models.hpp"
#include "projections/project/families.hpp"

namespace plo::projections {

namespace {

constexpr std::size_t max_states_kept = 20'000;

/// Lanes beyond these are judged by what is known of those they belong to.
constexpr std::size_t max_lanes = 200'000;

/// The rows as they are written, each read once.
class rows_read : public risk::memory {
public:
  explicit rows_read(const row_reader& views) : views_(views) {}

  const risk::learnt* find(const std::string& key) const override {
    const auto [known, fresh] = read_.try_emplace(key);
    if (fresh)
      if (const auto row = views_.get(families::legs, key)) known->second = risk::decode(*row);
    return known->second ? &*known->second : nullptr;
  }
  risk::learnt* change(const std::string&, const risk::learnt&) override { return nullptr; }

private:
  const row_reader& views_;
  mutable std::map<std::string, std::optional<risk::learnt>> read_;
};

double rounded(double probability) { return std::round(probability * 1e4) / 1e4; }

}  // namespace

project_fold::project_fold(const eventstore::log& log, domain_settings settings) : settings_(std::move(settings)), states_(log, settings_, max_states_kept) {}

void project_fold::load(const row_reader& views) {
  views.scan(families::legs, "", "", [&](std::string_view key, std::string_view value) {
    if (auto row = risk::decode(value)) known_.emplace(key, std::move(*row));
    return true;
  });
}

const risk::learnt* project_fold::find(const std::string& key) const {
  if (const auto staged = staged_.find(key); staged != staged_.end()) return &staged->second;
  const auto known = known_.find(key);
  return known == known_.end() ? nullptr : &known->second;
}

risk::learnt* project_fold::change(const std::string& key, const risk::learnt& fresh) {
  if (const auto staged = staged_.find(key); staged != staged_.end()) return &staged->second;
  const auto known = known_.find(key);
  if (known == known_.end()) {
    if (known_.size() + fresh_ >= max_lanes) return nullptr;
    ++fresh_;
  }
  return &staged_.emplace(key, known == known_.end() ? fresh : known->second).first->second;
}

void project_fold::apply(event_pointers events, const row_reader&, row_batch& batch) {
  touched_ = states_.apply(events);
  const auto& taught = states_.taught();
  staged_.clear();
  fresh_ = 0;
  std::vector<touched_project*> by_position;
  for (auto& project : touched_) by_position.push_back(&project);
  std::sort(by_position.begin(), by_position.end(), [](const auto* a, const auto* b) { return a->last < b->last; });
  auto next = taught.begin();
  for (auto* project : by_position) {
    for (; next != taught.end() && next->at <= project->last; ++next) risk::learn(*this, next->leg);
    const auto estimate = risk::estimate_risk(*project->state, *this, settings_, project->latest, false);
    if (estimate) project->risk = rounded(estimate->probability);
  }
  for (; next != taught.end(); ++next) risk::learn(*this, next->leg);
  for (const auto& [key, row] : staged_) batch.put(families::legs, key, risk::encode(row));
}

void project_fold::publish() {
  for (auto& [key, row] : staged_) known_[key] = row;
  staged_.clear();
  fresh_ = 0;
}

std::optional<risk::estimate> explain_risk(const row_reader& views, const project_state& state, const domain_settings& settings, instant now) {
  auto estimate = risk::estimate_risk(state, rows_read(views), settings, now, true);
  if (estimate) estimate->probability = rounded(estimate->probability);
  return estimate;
}

}  // namespace plo::projections
