// How good the risk estimate is: predictions made when an order leaves its source, against what happened to it. Everything is learnt as it
// happens, on the event clock, so no prediction has seen its own future. Beside it what one ratio alone says, and the promised lead time.
//
//   risk_quality FILE.ndjson     ingest events; projects are told apart by project_ref
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <iostream>
#include <map>
#include <random>
#include <unordered_map>

#include <fmt/format.h>

#include "bench/history.hpp"
#include "domain/project/conclude.hpp"
#include "domain/risk/estimate.hpp"

namespace {

using namespace plo;

/// A rank for the AUC and a probability for the rest: the higher, the later.
struct score {
  double rank = 0, probability = 0;
};

struct prediction {
  instant at;
  score model, ratio, lead_time;
  bool late = false;
};

class memory : public risk::memory {
public:
  const risk::learnt* find(const std::string& key) const override {
    const auto known = rows_.find(key);
    return known == rows_.end() ? nullptr : &known->second;
  }
  risk::learnt* change(const std::string& key, const risk::learnt& fresh) override { return &rows_.try_emplace(key, fresh).first->second; }

private:
  std::unordered_map<std::string, risk::learnt> rows_;
};

/// The share of late orders by bins of one number, learnt as it happens: makes a probability of it without fitting anything.
class share_by_bin {
public:
  explicit share_by_bin(double per_unit) : per_unit_(per_unit) {}
  [[nodiscard]] double predict(double value) const {
    const auto& c = counts_[bin(value)];
    return (c.late + 10 * (all_.late + 1) / (all_.all + 10)) / (c.all + 10);
  }
  void learn(double value, bool late) {
    for (auto* c : {&counts_[bin(value)], &all_}) c->all += 1, c->late += late;
  }

private:
  struct count {
    double all = 0, late = 0;
  };
  [[nodiscard]] std::size_t bin(double value) const { return static_cast<std::size_t>(std::clamp(std::floor(value * per_unit_), -1.0, 60.0) + 1); }
  double per_unit_;
  std::array<count, 62> counts_{};
  count all_;
};

/// Mean days from dispatch to delivery by destination, over what was delivered by then.
class mean_transit {
public:
  [[nodiscard]] double of(const std::string& destination) const {
    if (const auto known = by_.find(destination); known != by_.end()) return known->second.days / known->second.seen;
    return all_.seen > 0 ? all_.days / all_.seen : 1;
  }
  void learn(const std::string& destination, double days) {
    for (auto* m : {&by_[destination], &all_}) m->seen += 1, m->days += days;
  }

private:
  struct sum {
    double seen = 0, days = 0;
  };
  std::unordered_map<std::string, sum> by_;
  sum all_;
};

double in_days(milliseconds d) { return std::chrono::duration<double, std::ratio<86400>>(d).count(); }

using sample = std::vector<const prediction*>;
using scored_by = score prediction::*;

double auc(const sample& all, scored_by by) {
  std::vector<std::pair<double, bool>> ranked;
  ranked.reserve(all.size());
  for (const auto* p : all) ranked.emplace_back((p->*by).rank, p->late);
  std::sort(ranked.begin(), ranked.end());
  double rank_sum = 0, late = 0;
  for (std::size_t i = 0; i < ranked.size();) {
    auto j = i;
    while (j < ranked.size() && ranked[j].first == ranked[i].first) ++j;
    for (auto k = i; k < j; ++k)
      if (ranked[k].second) rank_sum += (static_cast<double>(i + j) + 1) / 2, late += 1;
    i = j;
  }
  const double in_time = static_cast<double>(ranked.size()) - late;
  return (rank_sum - late * (late + 1) / 2) / (late * in_time);
}

double brier(const sample& all, scored_by by) {
  double sum = 0;
  for (const auto* p : all) sum += std::pow((p->*by).probability - p->late, 2);
  return sum / static_cast<double>(all.size());
}

struct bin {
  double n = 0, predicted = 0, late = 0;
};

std::map<int, bin> bins_of(const sample& all, scored_by by) {
  static constexpr std::array edges{0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.01};
  std::map<int, bin> bins;
  for (const auto* p : all) {
    const double said = (p->*by).probability;
    auto& b = bins[static_cast<int>(std::upper_bound(edges.begin(), edges.end(), said) - edges.begin())];
    b.n += 1;
    b.predicted += said;
    b.late += p->late;
  }
  return bins;
}

/// The mean distance between what is said and what happens, over bins of what is said, in points.
double calibration_error(const sample& all, scored_by by) {
  double error = 0;
  for (const auto& [edge, b] : bins_of(all, by)) error += std::abs(b.predicted - b.late);
  return 100 * error / static_cast<double>(all.size());
}

/// What of all samples drawn anew (with replacement, the same draws for every figure) the middle 95 % say.
std::pair<double, double> interval(const sample& all, const std::function<double(const sample&)>& figure) {
  constexpr std::size_t draws = 1000;
  std::mt19937_64 random(20'18);
  std::vector<double> drawn;
  sample again(all.size());
  for (std::size_t i = 0; i < draws; ++i) {
    for (auto& p : again) p = all[random() % all.size()];
    if (const double f = figure(again); std::isfinite(f)) drawn.push_back(f);
  }
  std::sort(drawn.begin(), drawn.end());
  return {drawn[drawn.size() / 40], drawn[drawn.size() - 1 - drawn.size() / 40]};
}

std::string with_interval(const sample& all, const std::function<double(const sample&)>& figure, int digits) {
  const auto [low, high] = interval(all, figure);
  return fmt::format("{:.{}f} ({:.{}f} to {:.{}f})", figure(all), digits, low, digits, high, digits);
}

void report(std::string_view period, const sample& all, bool with_bins) {
  const auto late = std::count_if(all.begin(), all.end(), [](const auto* p) { return p->late; });
  fmt::print("\n{}: {} orders, {} late ({:.1f} %)\n", period, all.size(), late, 100.0 * static_cast<double>(late) / static_cast<double>(all.size()));
  fmt::print("  {:<34} {:<26} {:<29} {}\n", "", "AUC", "Brier score", "mean calibration error, points");
  const std::pair<std::string_view, scored_by> scores[] = {{"estimate", &prediction::model},
                                                           {"days left / mean transit days", &prediction::ratio},
                                                           {"promised lead time", &prediction::lead_time}};
  for (const auto& [name, by] : scores)
    fmt::print("  {:<34} {:<26} {:<29} {}\n", name, with_interval(all, [by = by](const sample& s) { return auc(s, by); }, 3),
               with_interval(all, [by = by](const sample& s) { return brier(s, by); }, 4),
               with_interval(all, [by = by](const sample& s) { return calibration_error(s, by); }, 1));
  fmt::print("  {:<34} {}\n", "AUC of estimate - ratio, paired",
             with_interval(all, [](const sample& s) { return auc(s, &prediction::model) - auc(s, &prediction::ratio); }, 3));
  if (!with_bins) return;
  for (const auto& [edge, b] : bins_of(all, &prediction::model))
    fmt::print("    estimate {:5.1f} %  late {:5.1f} %  of {}\n", 100 * b.predicted / b.n, 100 * b.late / b.n, b.n);
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
  memory known;
  struct pending {
    prediction said;
    std::string destination;
    double lead = 0, ratio = 0;
  };
  std::unordered_map<std::string, pending> open;  // by project
  std::vector<prediction> judged;
  share_by_bin by_lead(1), by_ratio(4);
  mean_transit transit;
  std::size_t delivered = 0;
  constexpr std::size_t warm_up = 200;  // deliveries before predictions count

  for (const auto& e : events) {
    auto& state = projects[e.project_ref];
    const bool may_teach = risk::may_end_a_leg(e);
    const auto before = may_teach ? risk::progress_of(state) : risk::progress{};
    auto decided = decide(std::move(state), {e.id.value}, e, settings);
    state = std::move(decided.next);
    if (may_teach)
      for (const auto& ended : risk::ended_legs(before, state, settings)) risk::learn(known, ended);
    if (!state.promised_delivery_date) continue;
    const auto promised = risk::end_of(*state.promised_delivery_date, state, settings);
    if (e.type == "shipment.dispatched" && !open.contains(e.project_ref)) {
      const auto estimate = risk::estimate_risk(state, known, settings, e.occurred_at, false);
      const auto* sent = state.orders.empty() ? nullptr : risk::last_dispatched(state.orders.back());
      for (const auto& o : state.orders)
        if (const auto* s = risk::last_dispatched(o)) sent = s;
      if (!estimate || sent == nullptr) continue;
      auto& p = open[e.project_ref];
      p.destination = risk::way_of(risk::leg_kind::through, state, sent).features.front();
      p.lead = in_days(promised - e.occurred_at);
      p.ratio = p.lead / transit.of(p.destination);
      p.said = {e.occurred_at, {estimate->probability, estimate->probability}, {-p.ratio, by_ratio.predict(p.ratio)}, {}};
      const double by_lead_time = by_lead.predict(p.lead);
      p.said.lead_time = {by_lead_time, by_lead_time};
    } else if (e.type == "lastmile.delivered") {
      const auto waiting = open.find(e.project_ref);
      if (waiting == open.end()) continue;
      auto& p = waiting->second;
      p.said.late = e.occurred_at >= promised;
      by_lead.learn(p.lead, p.said.late);
      by_ratio.learn(p.ratio, p.said.late);
      transit.learn(p.destination, in_days(e.occurred_at - p.said.at));
      if (++delivered > warm_up) judged.push_back(p.said);
      open.erase(waiting);
    }
  }
  if (judged.size() < 100) {
    std::cerr << "too few orders were delivered to judge by\n";
    return 1;
  }
  std::sort(judged.begin(), judged.end(), [](const prediction& a, const prediction& b) { return a.at < b.at; });
  sample all;
  for (const auto& p : judged) all.push_back(&p);
  const auto half = static_cast<std::ptrdiff_t>(all.size() / 2);
  fmt::print("judged after the first {} deliveries; {} orders dispatched and not delivered in the file; 95 % intervals in brackets\n", warm_up, open.size());
  report("whole period", all, true);
  report("earlier half", {all.begin(), all.begin() + half}, false);
  report("later half, from " + format_instant(judged[static_cast<std::size_t>(half)].at).substr(0, 10), {all.begin() + half, all.end()}, true);
}
