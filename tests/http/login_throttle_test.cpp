// Five failures within a minute, and then nothing more.
#include <gtest/gtest.h>

#include "http/login_throttle.hpp"

namespace plo::http {
namespace {

using std::chrono::seconds;

const login_throttle::clock::time_point start{std::chrono::hours(1)};

/// One attempt; whether the password was looked at.
bool attempt(login_throttle& throttle, const std::string& account, bool right, int at_second) {
  const auto now = start + seconds(at_second);
  return !throttle.refuses(account, now) && !throttle.settle(account, right, now);
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
  EXPECT_EQ(throttle.refuses("a", start + seconds(45)), seconds(15));
  EXPECT_EQ(throttle.refuses("a", start + seconds(60)), std::nullopt);
  // The window slides: the failure at 10 s still counts.
  EXPECT_TRUE(attempt(throttle, "a", false, 60));
  EXPECT_EQ(throttle.refuses("a", start + seconds(60)), seconds(10));
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
  for (int i = 0; i < 8; ++i) EXPECT_FALSE(throttle.refuses("a", start));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(throttle.settle("a", false, start));
  EXPECT_TRUE(throttle.settle("a", true, start)) << "the right one among many tells nothing";
}

TEST(LoginThrottle, ForgetsTheOldestBeyondItsBound) {
  login_throttle throttle(2);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(attempt(throttle, "a", false, 0));
  EXPECT_TRUE(attempt(throttle, "b", false, 1));
  EXPECT_FALSE(attempt(throttle, "a", false, 2));
  EXPECT_TRUE(attempt(throttle, "c", false, 3));
  EXPECT_TRUE(attempt(throttle, "a", true, 4));
}

}  // namespace
}  // namespace plo::http
