// Five failures within a minute, and then nothing more.
#include <gtest/gtest.h>

#include "http/auth/login_throttle.hpp"

namespace plo::http {
namespace {

using std::chrono::seconds;

const login_throttle::clock::time_point start{std::chrono::hours(1)};

login_attempt from(const std::string& address, const std::string& account, bool known = false) { return {account, address, known}; }

/// One attempt; whether it was answered by what its password was.
bool attempt(login_throttle& throttle, const login_attempt& who, bool right, int at_second) {
  const auto now = start + seconds(at_second);
  return !throttle.refuses(who, now) && !throttle.settle(who, right, now);
}
bool attempt(login_throttle& throttle, const std::string& account, bool right, int at_second) {
  return attempt(throttle, from("192.0.2.1", account), right, at_second);
}

TEST(LoginThrottle, RefusesTheSixthAttemptRightOrWrong) {
  login_throttle throttle;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(attempt(throttle, "a", false, i));
  EXPECT_FALSE(attempt(throttle, "a", true, 5));
  EXPECT_FALSE(attempt(throttle, "a", false, 59));
  EXPECT_TRUE(attempt(throttle, "b", true, 59));
}

TEST(LoginThrottle, SaysHowLongToWait) {
  login_throttle throttle;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(attempt(throttle, "a", false, 10 * i));
  EXPECT_EQ(throttle.refuses(from("192.0.2.1", "a"), start + seconds(45)), seconds(15));
  EXPECT_EQ(throttle.refuses(from("192.0.2.1", "a"), start + seconds(60)), std::nullopt);
  // The window slides: the failure at 10 s still counts.
  EXPECT_TRUE(attempt(throttle, "a", false, 60));
  EXPECT_EQ(throttle.refuses(from("192.0.2.1", "a"), start + seconds(60)), seconds(10));
}

TEST(LoginThrottle, StartsAgainAfterASuccess) {
  login_throttle throttle;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(attempt(throttle, "a", false, round));
    EXPECT_TRUE(attempt(throttle, "a", true, round));
  }
}

TEST(LoginThrottle, RefusedAttemptsDoNotProlongIt) {
  login_throttle throttle;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(attempt(throttle, "a", false, 0));
  for (int i = 1; i < 60; ++i) EXPECT_FALSE(attempt(throttle, "a", false, i));
  EXPECT_TRUE(attempt(throttle, "a", true, 60));
}

TEST(LoginThrottle, WhatRanInParallelIsCountedAsItEnds) {
  login_throttle throttle;
  for (int i = 0; i < 8; ++i) EXPECT_FALSE(throttle.refuses(from("192.0.2.1", "a"), start));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(throttle.settle(from("192.0.2.1", "a"), false, start));
  EXPECT_TRUE(throttle.settle(from("192.0.2.1", "a"), true, start)) << "the right one among many tells nothing";
}

TEST(LoginThrottle, ALimitedAddressDoesNotLockTheAccountForOthers) {
  login_throttle throttle;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(attempt(throttle, from("192.0.2.1", "a"), false, i));
  EXPECT_FALSE(attempt(throttle, from("192.0.2.1", "a"), true, 6));
  EXPECT_TRUE(attempt(throttle, from("192.0.2.2", "a"), true, 6));
}

TEST(LoginThrottle, AnAddressThatTriesManyAccountsIsRefusedAtAll) {
  login_throttle throttle;
  for (int i = 0; i < 30; ++i) EXPECT_TRUE(attempt(throttle, from("192.0.2.1", "account " + std::to_string(i)), false, 1)) << i;
  EXPECT_FALSE(attempt(throttle, from("192.0.2.1", "one more"), true, 2));
  EXPECT_TRUE(attempt(throttle, from("192.0.2.1", "used from here", true), true, 2)) << "people who share the address with a guesser";
}

TEST(LoginThrottle, AnAccountThatIsTriedFromEverywhereIsOpenOnlyWhereItIsKnown) {
  login_throttle throttle;
  for (int i = 0; i < 25; ++i) EXPECT_TRUE(attempt(throttle, from("address " + std::to_string(i), "a"), false, 1));
  EXPECT_FALSE(attempt(throttle, from("one more", "a"), true, 2));
  EXPECT_TRUE(attempt(throttle, from("home", "a", true), true, 2));
}

TEST(LoginThrottle, TheRightPasswordIsLetThroughWhereTheAccountIsKnown) {
  login_throttle throttle;
  const auto home = from("home", "a", true);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(attempt(throttle, home, false, i));
  EXPECT_FALSE(attempt(throttle, home, false, 6)) << "a wrong one is told nothing";
  EXPECT_TRUE(attempt(throttle, home, true, 7));
  for (int i = 0; i < 30; ++i) (void)attempt(throttle, home, false, 8);
  EXPECT_FALSE(attempt(throttle, home, true, 9)) << "but not without end";
}

TEST(LoginThrottle, AnIPv6CustomerIsOneAddress) {
  EXPECT_EQ(network_of("2001:db8:1:2:3:4:5:6"), network_of("2001:db8:1:2::9"));
  EXPECT_NE(network_of("2001:db8:1:2::9"), network_of("2001:db8:1:3::9"));
  EXPECT_EQ(network_of("192.0.2.1"), "192.0.2.1");
}

TEST(LoginThrottle, ForgetsTheOldestBeyondItsBound) {
  login_throttle throttle(6);  // an account that failed is kept by itself, by its address and by both
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(attempt(throttle, "a", false, 0));
  EXPECT_TRUE(attempt(throttle, "b", false, 1));
  EXPECT_FALSE(attempt(throttle, "a", false, 2));
  EXPECT_TRUE(attempt(throttle, "c", false, 3));
  EXPECT_TRUE(attempt(throttle, "a", true, 4));
}

}  // namespace
}  // namespace plo::http
