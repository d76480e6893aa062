// How good the risk estimate is: predictions made when an order leaves its source, against what happened to it. Everything is learnt as it
// happens, on the event clock, so no prediction has seen its own future. Beside it a baseline that knows the promised lead time alone.
//
//   risk_quality FILE.ndjson     ingest events; projects are told apart by project_ref
#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

#include "bench/history.hpp"
#include "domain/conclude.hpp"
#include "domain/risk/estimate.hpp"

namespace {

using namespace plo;

struct prediction {
  double model = 0, baseline = 0;
  bool late = false;
};

/// The share of late orders by whole days between dispatch and promise, learnt as it happens.
class lead_time_baseline {
public:
  [[nodiscard]] double predict(milliseconds lead) const {
    const auto& c = counts_[bucket(lead)];
    return (c.late + 10 * usual()) / (c.all + 10);
  }
  void learn(milliseconds lead, bool late) {
    auto& c = counts_[bucket(lead)];
    c.all += 1;
    c.late += late;
    all_.all += 1;
    all_.late += late;
  }

private:
  struct count {
    double all = 0, late = 0;
  };
  static std::size_t bucket(milliseconds lead) {
    return static_cast<std::size_t>(std::clamp<std::int64_t>(lead / std::chrono::hours(24), -1, 60) + 1);
  }
  [[nodiscard]] double usual() const { return (all_.late + 1) / (all_.all + 10); }
  std::array<count, 62> counts_{};
  count all_;
};

double auc(std::vector<std::pair<double, bool>> scored) {
  std::sort(scored.begin(), scored.end());
  double rank_sum = 0, late = 0;
  for (std::size_t i = 0; i < scored.size();) {
    auto j = i;
    while (j < scored.size() && scored[j].first == scored[i].first) ++j;
    for (auto k = i; k < j; ++k)
      if (scored[k].second) rank_sum += (static_cast<double>(i + j) + 1) / 2, late += 1;
    i = j;
  }
  const double in_time = static_cast<double>(scored.size()) - late;
  return (rank_sum - late * (late + 1) / 2) / (late * in_time);
}

void report(std::string_view name, const std::vector<prediction>& all, double prediction::*score) {
  std::vector<std::pair<double, bool>> scored;
  double brier = 0, expected_error = 0;
  struct bin { double n = 0, predicted = 0, late = 0; };
  std::map<int, bin> bins;
  static constexpr std::array edges{0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.01};
  for (const auto& p : all) {
    scored.emplace_back(p.*score, p.late);
    brier += std::pow(p.*score - p.late, 2);
    auto& b = bins[static_cast<int>(std::upper_bound(edges.begin(), edges.end(), p.*score) - edges.begin())];
    b.n += 1;
    b.predicted += p.*score;
    b.late += p.late;
  }
  fmt::print("{}: AUC {:.3f}, Brier {:.4f}\n", name, auc(scored), brier / static_cast<double>(all.size()));
  for (const auto& [edge, b] : bins) {
    fmt::print("  predicted {:5.1f} %  late {:5.1f} %  of {}\n", 100 * b.predicted / b.n, 100 * b.late / b.n, b.n);
    expected_error += std::abs(b.predicted - b.late);
  }
  fmt::print("  mean calibration error {:.2f} points\n", 100 * expected_error / static_cast<double>(all.size()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: risk_quality FILE.ndjson\n";
    return 2;
  }
  const auto events = bench::read_history(argv[1]);
  const domain_settings settings{zone::find("Europe/Paris").value(), "FR"};
  std::unordered_map<std::string, project_state> projects;
  std::unordered_map<std::string, risk::durations> counted;
  const risk::lookup lookup = [&](const std::string& key) -> const risk::durations* {
    const auto known = counted.find(key);
    return known == counted.end() ? nullptr : &known->second;
  };
  struct pending { prediction said; milliseconds lead; };
  std::unordered_map<std::string, pending> open;  // by project
  std::vector<prediction> judged;
  lead_time_baseline baseline;
  std::size_t learnt = 0;
  constexpr std::size_t warm_up = 200;  // deliveries before predictions count

  for (const auto& e : events) {
    auto& state = projects[e.project_ref];
    const bool may_teach = risk::may_end_a_leg(e);
    const auto before = may_teach ? risk::progress_of(state) : risk::progress{};
    auto decided = decide(std::move(state), {e.id.value}, e, settings);
    state = std::move(decided.next);
    if (may_teach)
      for (const auto& ended : risk::ended_legs(before, state, settings))
        for (const auto& key : risk::keys_of(ended.what)) counted[key].observe(ended.took);
    if (!state.promised_delivery_date) continue;
    const auto promised = risk::end_of(*state.promised_delivery_date, settings);
    if (e.type == "shipment.dispatched" && !open.contains(e.project_ref)) {
      if (const auto estimate = risk::estimate_risk(state, lookup, settings, e.occurred_at, false))
        open[e.project_ref] = {{estimate->probability, baseline.predict(promised - e.occurred_at), false}, promised - e.occurred_at};
    } else if (e.type == "lastmile.delivered") {
      const auto waiting = open.find(e.project_ref);
      if (waiting == open.end()) continue;
      auto said = waiting->second.said;
      said.late = e.occurred_at >= promised;
      baseline.learn(waiting->second.lead, said.late);
      if (++learnt > warm_up) judged.push_back(said);
      open.erase(waiting);
    }
  }
  const auto late = std::count_if(judged.begin(), judged.end(), [](const prediction& p) { return p.late; });
  fmt::print("{} orders judged after the first {}, {} late ({:.1f} %); {} dispatched and not delivered in the file\n", judged.size(), warm_up, late,
             100.0 * static_cast<double>(late) / static_cast<double>(judged.size()), open.size());
  report("model", judged, &prediction::model);
  report("baseline (promised lead time)", judged, &prediction::baseline);
}
