#include "domain/risk/estimate.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "domain/project/conclude.hpp"

namespace plo::risk {

namespace {

constexpr std::size_t most_facts = 3;
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

/// How long it takes from some time after now on. An announced time need not be fitted into slices that begin now.
struct ahead {
  spread takes;
  milliseconds from{};

  [[nodiscard]] double later_than(milliseconds slack) const { return longer_than(takes, slack - from); }
  [[nodiscard]] spread from_now() const { return delayed(takes, from); }
};

class estimating {
public:
  estimating(const project_state& state, const memory& known, const domain_settings& settings, instant now)
      : state_(state), known_(known), settings_(settings), now_(now) {}

  /// How long until the order is delivered.
  [[nodiscard]] ahead until_delivered(const order& o, const knowledge& k) const {
    const auto* s = last_dispatched(o);
    if (const auto* tour = tour_for(state_, o); k.announced && tour != nullptr && tour->status.value == lastmile_status::scheduled)
      return announced({leg_kind::slot_error, {tour->carrier.value.value_or("")}}, *tour->slot_end.value, k);
    if (const auto arrived = arrived_at(o, station_of(state_))) return {left(last_mile_of(state_, s), o, *arrived, k)};
    if (s != nullptr) return on_the_way(o, s, *s->dispatched_at, k);
    const auto prepared = left(preparation_of(o), o, o.confirmed_at.value_or(now_), k);
    return {in_sequence(prepared, on_the_way(o, nullptr, now_ + mean_of(prepared), k).from_now())};
  }

  [[nodiscard]] expectation expected(const leg& l, const order& o, instant since, bool this_lane = true) const {
    return risk::expected(known_, l, allowed_from(since, state_, o, settings_), now_, this_lane);
  }

private:
  /// What is left of a leg that began or will begin then.
  [[nodiscard]] spread left(const leg& l, const order& o, instant since, const knowledge& k) const {
    return expected(l, o, since, k.history).left_after(k.elapsed ? now_ - since : milliseconds(0));
  }

  /// Within the slice before the time that was announced, or later by what is usual.
  [[nodiscard]] ahead announced(const leg& error, instant at, const knowledge& k) const {
    const auto late = expected_error(known_, error, k.history);
    const auto begins = at - slice - now_;
    return begins < milliseconds(0) ? ahead{left_after(late, -begins)} : ahead{late, begins};
  }

  /// From leaving its source to the client: by way of the station, or right through, as such ways are usually reported.
  [[nodiscard]] ahead on_the_way(const order& o, const shipment* s, instant since, const knowledge& k) const {
    const double stopping = seen_of(known_, leg_kind::transit);
    const double passing = seen_of(known_, leg_kind::through);
    const double share = stopping + passing == 0 ? 1 : stopping / (stopping + passing);
    const auto through = [&] { return left(way_of(leg_kind::through, state_, s), o, since, k); };
    if (share == 0) return {through()};
    const bool eta = k.announced && s != nullptr && s->estimated_arrival.has();
    auto to_client = eta ? announced({leg_kind::eta_error, {s->carrier}}, *s->estimated_arrival.value, k)
                         : ahead{left(way_of(leg_kind::transit, state_, s), o, since, k)};
    const auto arrives = std::max(since, now_) + to_client.from + mean_of(to_client.takes);
    to_client.takes = in_sequence(to_client.takes, left(last_mile_of(state_, s), o, arrives, k));
    return share == 1 ? to_client : ahead{mixed(to_client.from_now(), share, through())};
  }

  const project_state& state_;
  const memory& known_;
  const domain_settings& settings_;
  instant now_;
};

std::vector<const order*> awaited(const project_state& state) {
  std::vector<const order*> orders;
  for (const auto& o : state.orders)
    if (is_required(o) && !o.concluded.delivered) orders.push_back(&o);
  return orders;
}

std::string history_of(const estimating& all, const memory& known, const project_state& state, const order& o, instant now) {
  const auto* s = last_dispatched(o);
  for (const auto kind : {leg_kind::through, leg_kind::transit}) {
    const auto way = way_of(kind, state, s);
    const double seen = seen_nearest(known, way);
    if (seen == 0) continue;
    constexpr double nine_in_ten = 1.2816;  // standard deviations
    const auto takes = all.expected(way, o, s != nullptr ? *s->dispatched_at : now);
    return fmt::format("to {} by {}: half within {:.1f} days, nine in ten within {:.1f} days ({:.0f} seen)",
                       way.features[0].empty() ? "any place" : way.features[0], way.features[1].empty() ? "any carrier" : way.features[1],
                       in_days(takes.quantile(0)), in_days(takes.quantile(nine_in_ten)), seen);
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

std::optional<estimate> estimate_risk(const project_state& state, const memory& known, const domain_settings& settings, instant now,
                                      bool with_facts) {
  if (!state.promised_delivery_date || state.status == project_status::completed || state.status == project_status::cancelled) return std::nullopt;
  const auto orders = awaited(state);
  if (orders.empty()) return std::nullopt;
  const estimating all(state, known, settings, now);
  const auto slack = end_of(*state.promised_delivery_date, state, settings) - now;
  const auto late = [&](const knowledge& k, std::size_t most_orders) {
    // A promise that is broken is broken, whatever is usual.
    if (slack < milliseconds(0)) return 1.0;
    double in_time = 1;
    for (std::size_t i = 0; i < std::min(orders.size(), most_orders); ++i) in_time *= 1 - all.until_delivered(*orders[i], k).later_than(slack);
    return 1 - in_time;
  };
  estimate result;
  result.probability = late({}, orders.size());
  if (!with_facts) return result;

  // From what is known of everything to what is known of this project, one piece of knowledge at a time.
  const auto* outcomes = known.find_as<durations>(keys_of({leg_kind::lateness, {}}).front());
  const double delivered = outcomes != nullptr ? outcomes->counted() : 0;
  const double usual = ((outcomes != nullptr ? outcomes->share_beyond_first() * delivered : 0) + 1) / (delivered + 10);
  const double timed = late({false, false, false}, 1);
  const double travelled = late({true, false, false}, 1);
  const double aged = late({true, true, false}, 1);
  const double told = late({true, true, true}, 1);
  const auto add = [&](std::string_view name, double before, double after, std::string detail) {
    result.facts.push_back({name, log_odds(after) - log_odds(before), std::move(detail)});
  };
  add("time_left", usual, timed, slack < milliseconds(0) ? fmt::format("promised {:.1f} days ago", -in_days(slack)) : fmt::format("{:.1f} days left until the promised date", in_days(slack)));
  add("history", timed, travelled, history_of(all, known, state, *orders.front(), now));
  add("elapsed", travelled, aged, elapsed_of(state, orders, now));
  add("announced", aged, told, announced_of(state, orders));
  add("open_orders", told, result.probability, fmt::format("{} orders still to be delivered", orders.size()));
  std::erase_if(result.facts, [](const risk_fact& f) { return std::abs(f.weight) < 0.01; });
  std::stable_sort(result.facts.begin(), result.facts.end(), [](const risk_fact& a, const risk_fact& b) { return std::abs(a.weight) > std::abs(b.weight); });
  if (result.facts.size() > most_facts) result.facts.resize(most_facts);
  return result;
}

}  // namespace plo::risk
