#include "domain/risk/estimate.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "domain/conclude.hpp"

namespace plo::risk {

namespace {

constexpr std::size_t most_facts = 3;
// Durations do not tell all (strikes, seasons, mistakes): their verdict is drawn to the usual share of late orders. Measured by bench/risk_quality.
constexpr double trust_in_durations = 0.6;

/// What an estimate may know. The full one knows everything; the others show what each piece of knowledge changes.
struct knowledge {
  bool history = true;    // of this very lane, not of all
  bool elapsed = true;    // how long the present leg has lasted
  bool announced = true;  // ETAs and slots
};

double in_days(milliseconds d) { return std::chrono::duration<double, std::ratio<86400>>(d).count(); }

double log_odds(double p) {
  p = std::clamp(p, 0.001, 0.999);
  return std::log(p / (1 - p));
}

class estimating {
public:
  estimating(const project_state& state, const lookup& counted, instant now) : state_(state), counted_(counted), now_(now) {}

  /// How long until the order is delivered.
  [[nodiscard]] spread until_delivered(const order& o, const knowledge& k) const {
    const auto* s = last_dispatched(o);
    if (const auto* tour = tour_for(state_, o); k.announced && tour != nullptr && tour->status.value == lastmile_status::scheduled) {
      const leg error{leg_kind::slot_error, {tour->carrier.value.value_or("")}};
      return delayed(learnt(error, k), *tour->slot_end.value - now_);
    }
    if (const auto arrived = arrived_at(o, station_of(state_))) return left(last_mile_of(state_, s), *arrived, k);
    if (s == nullptr) return in_sequence(left(preparation_of(o), o.confirmed_at.value_or(now_), k), on_the_way(nullptr, k));
    return on_the_way(s, k);
  }

  [[nodiscard]] const durations* narrowest(const leg& l) const {
    const durations* found = nullptr;
    for (const auto& key : keys_of(l))
      if (const auto* known = counted_(key); known != nullptr && known->counted() > 0) found = known;
    return found;
  }
  [[nodiscard]] const durations* all_of(leg_kind kind) const { return counted_(keys_of({kind, {}}).front()); }

private:
  [[nodiscard]] spread learnt(const leg& l, const knowledge& k) const {
    spread s = expected_of_unknown();
    for (const auto& key : keys_of(l)) {
      if (const auto* known = counted_(key)) s = known->learnt_from(s);
      if (!k.history) break;
    }
    return s;
  }

  [[nodiscard]] spread left(const leg& l, instant since, const knowledge& k) const {
    const auto whole = learnt(l, k);
    return k.elapsed ? left_after(whole, now_ - since) : whole;
  }

  /// From leaving its source to the client: by way of the station, or right through, as such ways are usually reported.
  [[nodiscard]] spread on_the_way(const shipment* s, const knowledge& k) const {
    const auto since = s != nullptr ? *s->dispatched_at : now_;
    const auto to_station = way_of(leg_kind::transit, state_, s);
    const auto through = way_of(leg_kind::through, state_, s);
    const auto* by_station = counted_(keys_of(to_station).front());
    const auto* direct = counted_(keys_of(through).front());
    const double stopping = by_station != nullptr ? by_station->counted() : 0;
    const double passing = direct != nullptr ? direct->counted() : 0;
    const double share = stopping + passing == 0 ? 1 : stopping / (stopping + passing);
    spread sum{};
    if (share > 0) {
      const bool announced = k.announced && s != nullptr && s->estimated_arrival.has();
      const auto transit = announced ? delayed(learnt({leg_kind::eta_error, {s->carrier}}, k), *s->estimated_arrival.value - now_)
                                     : left(to_station, since, k);
      sum = in_sequence(transit, learnt(last_mile_of(state_, s), k));
    }
    return share == 1 ? sum : mixed(sum, share, left(through, since, k));
  }

  const project_state& state_;
  const lookup& counted_;
  instant now_;
};

std::vector<const order*> awaited(const project_state& state) {
  std::vector<const order*> orders;
  for (const auto& o : state.orders)
    if (is_required(o) && !o.concluded.delivered) orders.push_back(&o);
  return orders;
}

std::string history_of(const estimating& all, const project_state& state, const std::vector<const order*>& orders) {
  const auto* s = last_dispatched(*orders.front());
  for (const auto kind : {leg_kind::through, leg_kind::transit}) {
    const auto way = way_of(kind, state, s);
    const auto* known = all.narrowest(way);
    if (known == nullptr) continue;
    const auto half = known->quantile(0.5), most = known->quantile(0.9);
    const auto text = [](const std::optional<milliseconds>& d) { return d ? fmt::format("{:.1f} days", in_days(*d)) : std::string("more than 45 days"); };
    return fmt::format("to {} by {}: half within {}, nine in ten within {} ({} seen)", way.features[0].empty() ? "any place" : way.features[0],
                       way.features[1].empty() ? "any carrier" : way.features[1], text(half), text(most), known->counted());
  }
  return "nothing like it was delivered before";
}

std::string elapsed_of(const project_state& state, const std::vector<const order*>& orders, instant now) {
  const auto& o = *orders.front();
  const auto* s = last_dispatched(o);
  if (const auto arrived = arrived_at(o, station_of(state))) return fmt::format("at the station for {:.1f} days", in_days(now - *arrived));
  if (s != nullptr) return fmt::format("on the way for {:.1f} days", in_days(now - *s->dispatched_at));
  return fmt::format("in preparation for {:.1f} days", in_days(now - o.confirmed_at.value_or(now)));
}

std::string announced_of(const project_state& state, const std::vector<const order*>& orders) {
  if (const auto* tour = tour_for(state, *orders.front()); tour != nullptr && tour->status.value == lastmile_status::scheduled)
    return "the delivery slot ends " + format_instant(*tour->slot_end.value);
  const auto* s = last_dispatched(*orders.front());
  return s != nullptr && s->estimated_arrival.has() ? "arrival announced for " + format_instant(*s->estimated_arrival.value) : "nothing is announced";
}

}  // namespace

std::optional<estimate> estimate_risk(const project_state& state, const lookup& counted, const domain_settings& settings, instant now,
                                      bool with_facts) {
  if (!state.promised_delivery_date || state.status == project_status::completed || state.status == project_status::cancelled) return std::nullopt;
  const auto orders = awaited(state);
  if (orders.empty()) return std::nullopt;
  const estimating all(state, counted, now);
  const auto slack = end_of(*state.promised_delivery_date, settings) - now;

  const auto* outcomes = all.all_of(leg_kind::lateness);
  const double usual = ((outcomes != nullptr ? outcomes->share_beyond_first() * outcomes->counted() : 0) + 1) / ((outcomes != nullptr ? outcomes->counted() : 0) + 10);
  const auto late = [&](const knowledge& k, std::size_t most_orders) {
    // A promise that is broken is broken, whatever is usual.
    if (slack < milliseconds(0)) return 1.0;
    double in_time = 1;
    for (std::size_t i = 0; i < std::min(orders.size(), most_orders); ++i) in_time *= 1 - longer_than(all.until_delivered(*orders[i], k), slack);
    const double drawn = trust_in_durations * log_odds(1 - in_time) + (1 - trust_in_durations) * log_odds(usual);
    return 1 / (1 + std::exp(-drawn));
  };
  estimate result;
  result.probability = late({}, orders.size());
  if (!with_facts) return result;

  // From what is known of everything to what is known of this project, one piece of knowledge at a time.
  const double timed = late({false, false, false}, 1);
  const double known = late({true, false, false}, 1);
  const double aged = late({true, true, false}, 1);
  const double told = late({true, true, true}, 1);
  const auto add = [&](std::string_view name, double before, double after, std::string detail) {
    result.facts.push_back({name, log_odds(after) - log_odds(before), std::move(detail)});
  };
  add("time_left", usual, timed, slack < milliseconds(0) ? fmt::format("promised {:.1f} days ago", -in_days(slack)) : fmt::format("{:.1f} days left until the promised date", in_days(slack)));
  add("history", timed, known, history_of(all, state, orders));
  add("elapsed", known, aged, elapsed_of(state, orders, now));
  add("announced", aged, told, announced_of(state, orders));
  add("open_orders", told, result.probability, fmt::format("{} orders still to be delivered", orders.size()));
  std::erase_if(result.facts, [](const risk_fact& f) { return std::abs(f.weight) < 0.01; });
  std::stable_sort(result.facts.begin(), result.facts.end(), [](const risk_fact& a, const risk_fact& b) { return std::abs(a.weight) > std::abs(b.weight); });
  if (result.facts.size() > most_facts) result.facts.resize(most_facts);
  return result;
}

}  // namespace plo::risk
