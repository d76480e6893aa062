// What requests say, read without a network: targets, parameters, proxies, codings, and whose turn it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/server/compression.hpp"
#include "http/server/fair_queue.hpp"
#include "http/server/limits.hpp"
#include "http/server/parameters.hpp"
#include "http/server/proxies.hpp"
#include "http/server/router.hpp"

namespace plo::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

router routes_of(std::initializer_list<std::pair<const char*, const char*>> all) {
  router routes;
  for (const auto& [method, pattern] : all) {
    route r;
    r.method = method;
    r.pattern = pattern;
    routes.add(std::move(r));
  }
  return routes;
}

TEST(Router, AnEncodedSlashIsPartOfAnId) {
  const auto routes = routes_of({{"GET", "/api/customers/{id}"}, {"POST", "/api/customers/{id}/erase"}});
  EXPECT_EQ(routes.find("GET", "/api/customers/C%2F2026%2F7").parameters.at("id"), "C/2026/7");
  EXPECT_EQ(routes.find("POST", "/api/customers/C%2F2026%2F7/erase").parameters.at("id"), "C/2026/7");
  EXPECT_EQ(routes.find("GET", "/api/customers/C/2026/7").found, nullptr);
}

TEST(Router, APageOfItsOwnIsNoId) {
  const auto routes = routes_of({{"POST", "/api/anomalies/acknowledge"}, {"GET", "/api/anomalies/{id}"}});
  const auto match = routes.find("GET", "/api/anomalies/acknowledge");
  EXPECT_EQ(match.found, nullptr);
  EXPECT_THAT(match.allowed, ElementsAre("POST"));
  EXPECT_NE(routes.find("HEAD", "/api/anomalies/7").found, nullptr);
}

TEST(Target, IsTakenInItsAbsoluteForm) {
  EXPECT_EQ(parse_target("http://host:8080/healthz?a=1")->raw_path, "/healthz");
  EXPECT_EQ(parse_target("HTTPS://host")->raw_path, "/");
  EXPECT_EQ(parse_target("http://host?a=1")->raw_path, "/");
  EXPECT_FALSE(parse_target("http:///healthz"));
  EXPECT_FALSE(parse_target("/%zz"));
  EXPECT_EQ(parse_target("/a%2Fb?x=1%262")->query.at("x"), "1&2");
}

TEST(Parameters, AStrangerIsToldTheNearestName) {
  request r;
  r.query = {{"STORE_ID", "x"}, {"limit", "7"}};
  parameters p(r);
  EXPECT_EQ(p.number("limit", 1, 10, 1), 7u);
  (void)p.text("store_id");
  (void)p.text("severity");
  EXPECT_FALSE(p.ok());
  ASSERT_EQ(p.refusal().errors.size(), 1u);
  EXPECT_EQ(p.refusal().errors[0].pointer, "/STORE_ID");
  EXPECT_THAT(p.refusal().errors[0].message, HasSubstr("store_id"));
}

TEST(Parameters, APlusThatNobodyEscapedIsUnderstood) {
  request r;
  r.query = {{"from", "2025-01-01T00:00:00 02:00"}, {"to", "2025-01-01 00:00:00 02:00"}, {"at", "2025-01-01 00:00:00Z"}};
  parameters p(r);
  const auto expected = parse_instant("2025-01-01T00:00:00+02:00");
  EXPECT_EQ(p.time("from", zone::utc()), expected);
  EXPECT_EQ(p.time("to", zone::utc()), expected);
  EXPECT_EQ(p.time("at", zone::utc()), parse_instant("2025-01-01T00:00:00Z"));
  EXPECT_TRUE(p.ok());
}

TEST(Gzip, IsForThoseWhoTakeIt) {
  for (const auto* asked : {"gzip", "deflate, GZIP;q=0.5", "*", "br, *;q=0.1"}) EXPECT_TRUE(takes_gzip(asked)) << asked;
  for (const auto* asked : {"", "identity", "gzip;q=0", "*, gzip;q=0", "gzip; q=0.000", "br"}) EXPECT_FALSE(takes_gzip(asked)) << asked;
}

TEST(Proxies, TheLastAddressThatIsNoneOfOursIsTheClient) {
  const trusted_proxies none({});
  EXPECT_EQ(none.client("10.0.0.1", "203.0.113.7"), "10.0.0.1") << "anybody can send the field";
  const trusted_proxies ours({"10.0.0.0/8", "::1"});
  EXPECT_EQ(ours.client("10.1.2.3", "198.51.100.1, 203.0.113.7, 10.9.9.9"), "203.0.113.7") << "what stands before may be invented";
  EXPECT_EQ(ours.client("::1", "2001:db8::7"), "2001:db8::7");
  EXPECT_EQ(ours.client("192.0.2.1", "203.0.113.7"), "192.0.2.1") << "not through a proxy of ours";
  EXPECT_EQ(ours.client("10.1.2.3", "unknown"), "10.1.2.3");
  EXPECT_EQ(ours.client("10.1.2.3", ""), "10.1.2.3");
  EXPECT_THROW(trusted_proxies({"10.0.0.0/33"}), std::runtime_error);
  EXPECT_THROW(trusted_proxies({"proxy.example.org"}), std::runtime_error);
}

TEST(FairQueue, EveryLaneHasItsTurnAndTheKnownDoNotWaitBehindStrangers) {
  fair_queue<std::string> queue(100, 10);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(queue.push("crowd", false, "crowd " + std::to_string(i)));
  EXPECT_TRUE(queue.push("stranger", false, "stranger"));
  EXPECT_TRUE(queue.push("friend", true, "friend"));
  std::vector<std::string> served;
  while (auto next = queue.pop()) served.push_back(*next);
  EXPECT_THAT(served, ElementsAre("friend", "crowd 0", "stranger", "crowd 1", "crowd 2", "crowd 3", "crowd 4"));
}

TEST(FairQueue, IsBounded) {
  fair_queue<int> queue(3, 2);
  EXPECT_TRUE(queue.push("a", false, 1));
  EXPECT_TRUE(queue.push("a", false, 2));
  EXPECT_FALSE(queue.push("a", false, 3)) << "its lane is full";
  EXPECT_TRUE(queue.push("b", false, 4));
  EXPECT_FALSE(queue.push("c", true, 5)) << "the queue is full";
  EXPECT_EQ(queue.size(), 3u);
}

TEST(ByteBudget, GivesBackWhatWasHeld) {
  byte_budget budget(100);
  {
    held_bytes mine(budget), yours(budget);
    EXPECT_TRUE(mine.take(60));
    EXPECT_FALSE(yours.take(50));
    EXPECT_TRUE(yours.take(40));
    yours.add(50);  // an answer that is there already
    EXPECT_EQ(budget.taken(), 150);
    yours.clear();
    EXPECT_EQ(budget.taken(), 60);
  }
  EXPECT_EQ(budget.taken(), 0);
}

}  // namespace
}  // namespace plo::http
