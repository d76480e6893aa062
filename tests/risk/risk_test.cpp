// Durations, legs and the risk of being late.
#include "domain/risk/estimate.hpp"

#include <cmath>
#include <map>
#include <numeric>

#include <rapidcheck/gtest.h>

#include "tests/project/given.hpp"

namespace plo::spec {
namespace {

using namespace plo::risk;
using std::chrono::hours;

double sum(const spread& s) { return std::accumulate(s.begin(), s.end(), 0.0); }

double days(milliseconds d) { return std::chrono::duration<double, std::ratio<86400>>(d).count(); }

TEST(domain_risk, counts_fade_so_that_what_is_learnt_can_change) {
  durations d;
  for (std::uint32_t i = 0; i < 10 * durations::most_counted; ++i) d.observe(hours(1));
  EXPECT_LT(d.counted(), durations::most_counted);
  for (std::uint32_t i = 0; i < 2 * durations::most_counted; ++i) d.observe(hours(100));
  EXPECT_GT(d.share_beyond_first(), 0.5);
}

TEST(domain_risk, what_is_seen_often_outweighs_what_was_expected) {
  durations d;
  const double at_first = longer_than(d.learnt_from(expected_lateness()), hours(12));
  for (int i = 0; i < 500; ++i) d.observe(hours(30));
  const double in_the_end = longer_than(d.learnt_from(expected_lateness()), hours(12));
  EXPECT_LT(at_first, 0.35);
  EXPECT_GT(in_the_end, 0.95);
}

RC_GTEST_PROP(domain_risk, spreads_stay_probabilities, ()) {
  durations a, b;
  for (const int h : *rc::gen::container<std::vector<int>>(rc::gen::inRange(-50, 3000))) a.observe(hours(h));
  for (const int h : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 300))) b.observe(hours(h));
  const auto x = a.learnt_from(expected_lateness());
  const auto y = b.learnt_from(expected_lateness());
  const auto elapsed = hours(*rc::gen::inRange(-100, 2000));
  const expectation e{0.01 * *rc::gen::inRange(-300, 600), 0.001 * *rc::gen::inRange(1, 3000)};
  for (const auto& s : {x, e.left_after(elapsed), in_sequence(x, y), left_after(x, elapsed), delayed(x, elapsed), mixed(x, 0.3, y)}) {
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
  for (const std::string_view bytes : {"", "0", "1abc", "3", "x"}) EXPECT_FALSE(decode(bytes));
}

TEST(domain_risk, a_log_normal_time_is_read_as_it_is_written_in_books) {
  const expectation e{std::log(8.0), 0.25};
  EXPECT_NEAR(days(e.quantile(0)), 8, 0.01);
  EXPECT_NEAR(days(e.quantile(1.2816)), 8 * std::exp(0.5 * 1.2816), 0.01);
  const auto whole = e.left_after({});
  EXPECT_NEAR(longer_than(whole, hours(24 * 8)), 0.5, 0.001);
  EXPECT_NEAR(longer_than(whole, hours(24 * 15)), 0.5 * std::erfc(std::log(15.0 / 8) / 0.5 / std::sqrt(2.0)), 0.005) << "but for one in fifty";
  // Of those that have taken 8 days, half of a half is left after as long as three quarters of all take.
  EXPECT_NEAR(longer_than(e.left_after(hours(24 * 8)), e.quantile(0.6745) - hours(24 * 8)), 0.5, 0.01);
  EXPECT_NEAR(days(mean_of(whole)), 8 * std::exp(0.125), 0.1);
}

TEST(domain_risk, a_delay_moves_a_spread_by_just_as_much) {
  const auto s = expectation{std::log(3.0), 0.3}.left_after({});
  for (const int h : {0, 5, 12, 31, 100}) EXPECT_NEAR(days(mean_of(delayed(s, hours(h)))), days(mean_of(s)) + h / 24.0, 0.01) << h;
}

/// What is learnt, kept as simply as can be.
class kept : public memory {
public:
  const learnt* find(const std::string& key) const override {
    const auto known = rows.find(key);
    return known == rows.end() ? nullptr : &known->second;
  }
  learnt* change(const std::string& key, const learnt& fresh) override { return &rows.try_emplace(key, fresh).first->second; }
  std::map<std::string, learnt> rows;
};

const instant first_of_june = at("06-01");
constexpr auto an_hour = hours(1);

/// `times` legs, one an hour until `now`.
void took(memory& known, const std::string& to, double in_days, int times, instant now = first_of_june, std::optional<double> allowed = {}) {
  const auto in_ms = [](double d) { return milliseconds(static_cast<std::int64_t>(d * 86'400'000)); };
  for (int i = times; i > 0; --i)
    learn(known, {{leg_kind::through, {to, "road", "SUP"}}, in_ms(in_days), now - an_hour * i, allowed ? std::optional(in_ms(*allowed)) : std::nullopt});
}
double median_to(const memory& known, const std::string& to, instant now = first_of_june, std::optional<int> allowed = {}) {
  return days(expected(known, {leg_kind::through, {to, "road", "SUP"}}, allowed ? std::optional<milliseconds>(hours(24 * *allowed)) : std::nullopt, now).quantile(0));
}

TEST(domain_risk, what_nobody_has_seen_takes_a_few_days) {
  EXPECT_NEAR(median_to(kept{}, "A"), 4, 0.01);
}

TEST(domain_risk, a_lane_is_learnt_from_few_legs_and_the_others_lend_it_theirs) {
  kept known;
  took(known, "NEAR", 2, 300);
  EXPECT_NEAR(median_to(known, "NEAR"), 2, 0.2);
  EXPECT_NEAR(median_to(known, "FAR"), 2, 0.2) << "nothing seen there: as everywhere";
  took(known, "FAR", 20, 10);
  EXPECT_GT(median_to(known, "FAR"), 10);
  EXPECT_LT(median_to(known, "FAR"), 21);
  EXPECT_LT(median_to(known, "NEAR"), 3) << "what was seen there counts there";
}

TEST(domain_risk, scatter_is_learnt) {
  kept regular, irregular;
  took(regular, "A", 5, 500);
  for (int i = 0; i < 500; ++i) took(irregular, "A", i % 2 ? 2.5 : 10, 1);
  const leg to_a{leg_kind::through, {"A", "road", "SUP"}};
  EXPECT_LT(expected(regular, to_a, {}, first_of_june).variance, 0.05);
  EXPECT_NEAR(expected(irregular, to_a, {}, first_of_june).variance, std::log(2.0) * std::log(2.0), 0.1);
}

TEST(domain_risk, a_promise_that_follows_the_time_taken_tells_it) {
  kept following, blind;
  for (int i = 0; i < 400; ++i) {
    const double allowed = 10 * std::exp2(i % 3);  // 10, 20, 40
    took(following, "A", allowed / 4, 1, first_of_june, allowed);
    took(blind, "A", 5, 1, first_of_june, allowed);
  }
  EXPECT_NEAR(median_to(following, "A", first_of_june, 40) / median_to(following, "A", first_of_june, 10), 4, 0.3);
  EXPECT_NEAR(median_to(blind, "A", first_of_june, 40) / median_to(blind, "A", first_of_june, 10), 1, 0.05);
  EXPECT_NEAR(median_to(following, "A"), 5, 0.3) << "without a promise as usual";
}

TEST(domain_risk, slow_weeks_are_noticed_everywhere_and_pass) {
  kept known;
  const auto long_ago = first_of_june - std::chrono::days(300);
  took(known, "A", 4, 500, long_ago);
  took(known, "B", 8, 500, long_ago);
  took(known, "A", 8, 60);
  EXPECT_GT(median_to(known, "B"), 10) << "the ways to A have become slow, those to B will be";
  EXPECT_LT(median_to(known, "B", first_of_june + std::chrono::days(300)), 9) << "and nothing heard since";
}

TEST(domain_risk, an_event_that_comes_late_teaches_less_about_these_weeks) {
  kept in_time, belated;
  for (auto* known : {&in_time, &belated}) took(*known, "A", 4, 500);
  took(in_time, "A", 16, 30);
  took(belated, "A", 16, 30, first_of_june - std::chrono::days(200));
  EXPECT_GT(median_to(in_time, "A"), median_to(belated, "A") * 1.05);
}

RC_GTEST_PROP(domain_risk, what_is_learnt_is_written_and_read_whole, ()) {
  kept known, again;
  const auto n = *rc::gen::inRange(1, 60);
  for (int i = 0; i < n; ++i) {
    const leg_observation ended{{static_cast<leg_kind>(*rc::gen::inRange(0, 7)), {*rc::gen::element<std::string>("A", "B"), *rc::gen::element<std::string>("c", "")}},
                                hours(*rc::gen::inRange(-50, 3000)), first_of_june + hours(*rc::gen::inRange(-9000, 9000)),
                                *rc::gen::element(0, 1) ? std::optional<milliseconds>(hours(*rc::gen::inRange(1, 900))) : std::nullopt};
    learn(known, ended);
    learn(again, ended);
    for (auto& [key, row] : again.rows) {  // a restart after every event changes nothing
      const auto read = decode(encode(row));
      RC_ASSERT(read.has_value());
      row = *read;
    }
  }
  RC_ASSERT(known.rows == again.rows);
  const leg way{leg_kind::through, {"A", "c"}};
  const auto takes = expected(known, way, {}, first_of_june);
  RC_ASSERT(std::isfinite(takes.log_days) && takes.variance > 0 && std::isfinite(takes.variance));
  double before = -100;
  for (int slack = 1; slack < 60; ++slack) {  // the more a promise allows, the less probable is it to be missed
    const auto allowed = hours(24 * slack);
    const double to_spare = log_days(allowed) - expected(known, way, allowed, first_of_june).log_days;
    RC_ASSERT(to_spare >= before - 1e-9);
    before = to_spare;
  }
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
  EXPECT_EQ(legs_of({created, order, sent}, there), (found{{leg_kind::transit, 54}, {leg_kind::eta_error, 18}}));
  EXPECT_EQ(legs_of({created, order, sent, there}, given_to_client), (found{{leg_kind::last_mile, 18}, {leg_kind::lateness, 0}}));
  EXPECT_EQ(legs_of({created, order, sent}, given_to_client), (found{{leg_kind::through, 72}, {leg_kind::lateness, 0}})) << "nobody reported the station";
  const auto early = said("shipment.arrived_at_station", "06-05 09:00", R"({"shipment_id":"S-1","order_ref":"O-1","leg_number":1})");
  EXPECT_EQ(legs_of({created, order, sent}, early), (found{{leg_kind::transit, 47}, {leg_kind::eta_error, 0}}));
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

TEST(domain_risk, a_leg_knows_what_the_promise_left_for_it) {
  auto p = given({created, confirmed("O-1", "06-02 10:00"), dispatched("06-03 10:00")});
  const auto before = progress_of(*p);
  p.when(said("lastmile.delivered", "06-06 10:00", R"({"lastmile_id":"L"})"));
  const auto ended = ended_legs(before, *p, paris());
  ASSERT_EQ(ended.size(), 2u);
  EXPECT_EQ(ended.front().at, at("06-06 10:00"));
  EXPECT_EQ(ended.front().allowed, end_of(*p->promised_delivery_date, *p, paris()) - at("06-03 10:00"));
  EXPECT_EQ(allowed_from(at("06-29"), *p, p.of("O-1"), paris()), std::nullopt) << "broken by then";
}

class estimates : public testing::Test {
protected:
  void learn(leg_kind kind, std::vector<std::string> features, int in_hours, int times = 200) {
    for (int i = 0; i < times; ++i) risk::learn(known_, {{kind, features}, hours(in_hours), at("06-01"), {}});
  }
  std::optional<estimate> of(const project& p, std::string_view now) const { return estimate_risk(*p, known_, paris(), at(now), true); }
  kept known_;
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

TEST_F(estimates, a_slot_on_the_promised_day_is_in_time_unless_slots_are_missed) {
  const auto of_slot = [&](std::string_view day, std::string_view now) {
    const auto slot = said("lastmile.scheduled", "06-12", R"({"lastmile_id":"L","carrier":"road","scheduled_date":")" + std::string(day) + R"("})");
    return of(given({created, confirmed("O-1"), slot}), now)->probability;
  };
  learn(leg_kind::slot_error, {"road"}, 0);
  for (const auto* now : {"06-12 06:00", "06-15 15:00", "06-19 23:00"}) {
    EXPECT_LT(of_slot("2025-06-20", now), 0.05) << now;
    EXPECT_GT(of_slot("2025-06-22", now), 0.95) << now;
  }
  learn(leg_kind::slot_error, {"road"}, 12 + 40);
  EXPECT_NEAR(of_slot("2025-06-20", "06-12 06:00"), 0.5, 0.05);
  EXPECT_LT(of_slot("2025-06-17", "06-12 06:00"), 0.05) << "missed, it is in time still";
  EXPECT_GT(of_slot("2025-06-19", "06-20 06:00"), 0.6) << "missed by now: the kept ones say nothing any more";
}

TEST_F(estimates, what_is_overdue_on_a_regular_lane_is_not_expected_any_minute) {
  learn(leg_kind::through, {"ST", "road", "SUP"}, 48, 1000);
  const auto p = given({created, confirmed("O-1"), dispatched("06-08")});
  EXPECT_LT(of(p, "06-08")->probability, 0.01);
  EXPECT_GT(of(p, "06-19")->probability, 0.5);
}

TEST_F(estimates, two_open_orders_are_a_greater_risk_than_one) {
  const auto one = of(given({created, confirmed("O-1")}), "06-12");
  const auto two = of(given({created, confirmed("O-1"), confirmed("O-2")}), "06-12");
  EXPECT_GT(two->probability, one->probability);
}

}  // namespace
}  // namespace plo::spec
