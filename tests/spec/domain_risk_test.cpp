// Durations, legs and the risk of being late.
#include "domain/risk/estimate.hpp"

#include <numeric>
#include <unordered_map>

#include <rapidcheck/gtest.h>

#include "tests/spec/given.hpp"

namespace plo::spec {
namespace {

using namespace plo::risk;
using std::chrono::hours;

double sum(const spread& s) { return std::accumulate(s.begin(), s.end(), 0.0); }

durations observed(std::initializer_list<int> in_hours) {
  durations d;
  for (const int h : in_hours) d.observe(hours(h));
  return d;
}

TEST(domain_risk, quantiles_name_the_end_of_their_slice) {
  const auto d = observed({1, 13, 14, 30, 31, 32, 33, 100, 101, 2000});
  EXPECT_EQ(d.quantile(0.1), milliseconds(hours(12)));
  EXPECT_EQ(d.quantile(0.5), milliseconds(hours(36)));
  EXPECT_EQ(d.quantile(0.9), milliseconds(hours(108)));
  EXPECT_EQ(d.quantile(1.0), std::nullopt) << "beyond 45 days nobody knows how long";
  EXPECT_EQ(durations{}.quantile(0.5), std::nullopt);
}

TEST(domain_risk, counts_fade_so_that_what_is_learnt_can_change) {
  durations d;
  for (std::uint32_t i = 0; i < 10 * durations::most_counted; ++i) d.observe(hours(1));
  EXPECT_LT(d.counted(), durations::most_counted);
  for (std::uint32_t i = 0; i < 2 * durations::most_counted; ++i) d.observe(hours(100));
  EXPECT_GT(*d.quantile(0.5), milliseconds(hours(12)));
}

TEST(domain_risk, what_is_seen_often_outweighs_what_was_expected) {
  durations d;
  const double at_first = longer_than(d.learnt_from(expected_of_unknown()), hours(48));
  for (int i = 0; i < 500; ++i) d.observe(hours(6));
  const double in_the_end = longer_than(d.learnt_from(expected_of_unknown()), hours(48));
  EXPECT_GT(at_first, 0.5);
  EXPECT_LT(in_the_end, 0.05);
}

RC_GTEST_PROP(domain_risk, spreads_stay_probabilities, ()) {
  durations a, b;
  for (const int h : *rc::gen::container<std::vector<int>>(rc::gen::inRange(-50, 3000))) a.observe(hours(h));
  for (const int h : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 300))) b.observe(hours(h));
  const auto x = a.learnt_from(expected_of_unknown());
  const auto y = b.learnt_from(expected_of_unknown());
  const auto elapsed = hours(*rc::gen::inRange(-100, 2000));
  for (const auto& s : {x, in_sequence(x, y), left_after(x, elapsed), delayed(x, elapsed), mixed(x, 0.3, y)}) {
    RC_ASSERT(std::abs(sum(s) - 1) < 1e-6);
    double before = 1;
    for (int h = -24; h < 2000; h += 7) {
      const double p = longer_than(s, hours(h));
      RC_ASSERT(p >= 0 && p <= before + 1e-9);
      before = p;
    }
  }
  RC_ASSERT(durations::decode(a.encode()) == a);
}

TEST(domain_risk, counts_that_are_not_counts_are_none) {
  for (const std::string_view bytes : {"x", "xx", "\xff\x01\x01", "abcd"}) EXPECT_EQ(durations::decode(bytes), durations{});
}

const event created = said("project.created", "06-01 09:00", R"({"customer_id":"C-1"})");
event dispatched(std::string_view when, std::string_view more = "") {
  return said("shipment.dispatched", when,
              R"({"shipment_id":"S-1","order_ref":"O-1","leg_number":1,"origin_ref":"SUP","destination_station_id":"ST","carrier":"road")" + std::string(more) + "}");
}

/// The legs that the last event ended.
std::vector<std::pair<leg_kind, double>> legs_of(const std::vector<event>& history, const event& last) {
  auto p = given(history);
  const auto before = progress_of(*p);
  p.when(last);
  std::vector<std::pair<leg_kind, double>> legs;
  for (const auto& l : ended_legs(before, *p, paris())) legs.emplace_back(l.what.kind, std::chrono::duration<double, std::ratio<3600>>(l.took).count());
  return legs;
}

using found = std::vector<std::pair<leg_kind, double>>;

TEST(domain_risk, a_leg_is_learnt_when_it_ends) {
  const auto order = confirmed("O-1", "06-02 10:00");
  const auto sent = dispatched("06-03 10:00", R"(,"estimated_arrival":"2025-06-05T10:00:00Z")");
  const auto there = said("shipment.arrived_at_station", "06-05 16:00", R"({"shipment_id":"S-1","order_ref":"O-1","leg_number":1})");
  const auto given_to_client = said("lastmile.delivered", "06-06 10:00", R"({"lastmile_id":"L"})");
  EXPECT_EQ(legs_of({created, order}, sent), (found{{leg_kind::preparation, 24}}));
  EXPECT_EQ(legs_of({created, order, sent}, sent), found{}) << "once";
  EXPECT_EQ(legs_of({created, order, sent}, there), (found{{leg_kind::transit, 54}, {leg_kind::eta_error, 6}}));
  EXPECT_EQ(legs_of({created, order, sent, there}, given_to_client), (found{{leg_kind::last_mile, 18}, {leg_kind::lateness, 0}}));
  EXPECT_EQ(legs_of({created, order, sent}, given_to_client), (found{{leg_kind::through, 72}, {leg_kind::lateness, 0}})) << "nobody reported the station";
  const auto late = said("lastmile.delivered", "06-21 10:00", R"({"lastmile_id":"L"})");
  EXPECT_GT(legs_of({created, order, sent}, late).back().second, 12) << "late by any time counts a slice more";
}

TEST(domain_risk, lanes_are_counted_from_all_to_this_very_one) {
  const auto p = given({created, confirmed("O-1"), dispatched("06-03")});
  const auto keys = keys_of(way_of(leg_kind::transit, *p, last_dispatched(p.of("O-1"))));
  ASSERT_EQ(keys.size(), 4u);
  for (std::size_t i = 1; i < keys.size(); ++i) EXPECT_TRUE(keys[i].starts_with(keys[i - 1]));
  EXPECT_NE(keys_of({leg_kind::transit, {"ab", "c"}}), keys_of({leg_kind::transit, {"a", "bc"}}));
}

class estimates : public testing::Test {
protected:
  void learn(leg_kind kind, std::vector<std::string> features, int in_hours, int times = 200) {
    for (const auto& key : keys_of({kind, std::move(features)}))
      for (int i = 0; i < times; ++i) counted_[key].observe(hours(in_hours));
  }
  std::optional<estimate> of(const project& p, std::string_view now) const {
    const lookup find = [this](const std::string& key) {
      const auto known = counted_.find(key);
      return known == counted_.end() ? nullptr : &known->second;
    };
    return estimate_risk(*p, find, paris(), at(now), true);
  }
  std::unordered_map<std::string, durations> counted_;
};

TEST_F(estimates, nothing_is_at_risk_without_a_promise_or_with_everything_delivered) {
  EXPECT_FALSE(of(given({created}), "06-02"));
  EXPECT_FALSE(of(given({created, confirmed("O-1"), said("lastmile.delivered", "06-10", R"({"lastmile_id":"L"})")}), "06-11"));
  EXPECT_FALSE(of(given({created, confirmed("O-1"), did("project.status_set", "06-10", R"({"status":"cancelled"})")}), "06-11"));
  EXPECT_TRUE(of(given({created, confirmed("O-1")}), "06-02"));
}

TEST_F(estimates, a_promise_that_passed_is_broken) {
  const auto risk = of(given({created, confirmed("O-1")}), "06-21 12:00");
  ASSERT_TRUE(risk);
  EXPECT_DOUBLE_EQ(risk->probability, 1);
  EXPECT_EQ(risk->facts.front().name, "time_left");
}

TEST_F(estimates, the_lane_decides) {
  learn(leg_kind::transit, {"ST", "road", "SUP"}, 48);
  learn(leg_kind::transit, {"ST", "ferry", "SUP"}, 24 * 20);
  learn(leg_kind::last_mile, {"ST", ""}, 20);
  learn(leg_kind::lateness, {}, 0, 90);
  learn(leg_kind::lateness, {}, 30, 10);
  const auto by_road = of(given({created, confirmed("O-1"), dispatched("06-14")}), "06-14");
  auto ferry = dispatched("06-14");
  ferry.data.replace(ferry.data.find("road"), 4, "ferry");
  const auto by_ferry = of(given({created, confirmed("O-1"), ferry}), "06-14");
  EXPECT_LT(by_road->probability, 0.15);
  EXPECT_GT(by_ferry->probability, 0.5);
  EXPECT_TRUE(std::any_of(by_ferry->facts.begin(), by_ferry->facts.end(), [](const risk_fact& f) { return f.name == "history" && f.weight > 0; }));
  EXPECT_LE(by_ferry->facts.size(), 3u);
}

TEST_F(estimates, time_that_passes_without_news_raises_the_risk) {
  learn(leg_kind::transit, {"ST", "road", "SUP"}, 48);
  learn(leg_kind::last_mile, {"ST", ""}, 20);
  const auto p = given({created, confirmed("O-1"), dispatched("06-10")});
  double before = 0;
  for (const auto* now : {"06-10", "06-14", "06-17", "06-19 12:00"}) {
    const auto risk = of(p, now);
    EXPECT_GE(risk->probability, before) << now;
    before = risk->probability;
  }
  EXPECT_GT(before, 0.3);
}

TEST_F(estimates, an_announcement_after_the_promise_raises_it) {
  learn(leg_kind::transit, {"ST", "road", "SUP"}, 48);
  learn(leg_kind::last_mile, {"ST", ""}, 20);
  learn(leg_kind::eta_error, {"road"}, 0);
  const auto silent = of(given({created, confirmed("O-1"), dispatched("06-12")}), "06-12");
  const auto late = of(given({created, confirmed("O-1"), dispatched("06-12", R"(,"estimated_arrival":"2025-06-24T10:00:00Z")")}), "06-12");
  EXPECT_GT(late->probability, 0.6);
  EXPECT_GT(late->probability, silent->probability);
  EXPECT_EQ(late->facts.front().name, "announced");
}

TEST_F(estimates, two_open_orders_are_a_greater_risk_than_one) {
  const auto one = of(given({created, confirmed("O-1")}), "06-12");
  const auto two = of(given({created, confirmed("O-1"), confirmed("O-2")}), "06-12");
  EXPECT_GT(two->probability, one->probability);
}

}  // namespace
}  // namespace plo::spec
