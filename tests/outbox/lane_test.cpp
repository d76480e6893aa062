// Who goes next in a lane, and how long failures make whom wait.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/outbox/lane.hpp"
#include "actors/outbox/signed_post.hpp"
#include "actors/outbox/smtp_transcript.hpp"

namespace plo::actors::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class outbox_lane_test : public ::testing::Test {
protected:
  void add(std::uint64_t n, milliseconds since = 0ms) {
    outbox_item item;
    item.requested = {n};
    item.since = since;
    lane.add(std::move(item));
  }
  /// The numbers of those that go now.
  std::vector<std::uint64_t> go(milliseconds now) {
    std::vector<std::uint64_t> numbers;
    while (auto item = lane.next(now)) {
      numbers.push_back(item->requested.value);
      out.push_back(std::move(*item));
    }
    return numbers;
  }
  outbox_item take(std::uint64_t n) {
    const auto found = std::find_if(out.begin(), out.end(), [&](const auto& item) { return item.requested.value == n; });
    auto item = std::move(*found);
    out.erase(found);
    return item;
  }
  void delivered(std::uint64_t n, milliseconds now) {
    take(n);
    lane.answered(now, true, 1, "");
  }
  /// A failure of this one alone, or of the way.
  bool failed(std::uint64_t n, milliseconds now, bool way_was_free) {
    auto item = take(n);
    ++item.attempts;
    item.error = "no";
    lane.answered(now, way_was_free, 1, "nobody there");
    return !lane.try_later(std::move(item), now, 1);
  }

  patience limits{1s, 8s, 60s};
  outbox_lane lane{limits};
  std::vector<outbox_item> out;
};

TEST_F(outbox_lane_test, no_more_than_64_are_under_way) {
  EXPECT_EQ(lane.room_for_new(0ms), 64u);
  for (std::uint64_t n = 1; n <= 70; ++n) add(n);
  EXPECT_EQ(go(0ms).size(), 64u);
  EXPECT_EQ(lane.room_for_new(0ms), 0u);
  delivered(1, 0ms);
  EXPECT_THAT(go(0ms), ElementsAre(65));
}

TEST_F(outbox_lane_test, one_that_fails_alone_waits_longer_each_time_and_holds_up_nobody) {
  add(1);
  add(2);
  EXPECT_THAT(go(0ms), ElementsAre(1, 2));
  EXPECT_TRUE(failed(1, 0ms, true));
  delivered(2, 0ms);
  EXPECT_EQ(lane.next_look(0ms), 1s);
  EXPECT_THAT(go(999ms), ElementsAre());
  milliseconds now = 1s;
  for (const milliseconds wait : {2s, 4s, 8s, 8s, 8s}) {
    EXPECT_THAT(go(now), ElementsAre(1));
    EXPECT_TRUE(failed(1, now, true));
    EXPECT_EQ(lane.next_look(now), now + wait);
    now += wait;
  }
}

TEST_F(outbox_lane_test, half_of_a_wait_is_chance) {
  add(1);
  go(0ms);
  auto item = take(1);
  item.attempts = 1;
  lane.answered(0ms, true, 0, "");
  EXPECT_FALSE(lane.try_later(std::move(item), 0ms, 0));
  EXPECT_EQ(lane.next_look(0ms), 500ms);
}

TEST_F(outbox_lane_test, one_is_given_up_when_its_time_is_over_and_not_before_a_last_try) {
  limits.give_up_after = 3s;
  lane = outbox_lane(limits);
  add(1);
  go(0ms);
  EXPECT_TRUE(failed(1, 0ms, true));
  go(1s);
  EXPECT_TRUE(failed(1, 1s, true));
  EXPECT_EQ(lane.next_look(1s), 3s) << "which is when its time is over";
  go(3s);
  EXPECT_FALSE(failed(1, 3s, true));
}

TEST_F(outbox_lane_test, when_nobody_answers_one_at_a_time_tries_and_what_was_sent_out_comes_back_untried) {
  for (std::uint64_t n = 1; n <= 3; ++n) add(n);
  go(0ms);
  const auto round = lane.round();
  EXPECT_TRUE(failed(1, 5ms, false));
  EXPECT_GT(lane.round(), round);
  lane.given_back(take(2));
  lane.given_back(take(3));
  EXPECT_THAT(go(500ms), ElementsAre()) << "the lane waits";
  EXPECT_EQ(lane.next_look(500ms), 1005ms);
  EXPECT_THAT(go(1005ms), ElementsAre(2)) << "one that has not been tried yet";
  EXPECT_FALSE(lane.next_look(1005ms)) << "its answer comes first";
  EXPECT_TRUE(failed(2, 1006ms, false));
  EXPECT_EQ(lane.next_look(1006ms), 3006ms) << "twice as long";
  EXPECT_THAT(go(3006ms), ElementsAre(3));
  delivered(3, 3007ms);
  EXPECT_THAT(go(3007ms), ElementsAre(1, 2)) << "the way is free again";
}

TEST_F(outbox_lane_test, one_that_a_server_chokes_on_does_not_hold_up_the_others) {
  add(1);
  milliseconds now = 0ms;
  std::uint64_t next = 2;
  int delivered_ones = 0;
  while (now < 30s) {
    if (lane.room_for_new(now) > 0 && next <= 500) add(next++);
    for (const auto n : go(now)) {
      if (n == 1) {
        EXPECT_TRUE(failed(1, now, false));
      } else {
        delivered(n, now);
        ++delivered_ones;
      }
    }
    now += 50ms;
  }
  EXPECT_GT(delivered_ones, 350);
}

TEST_F(outbox_lane_test, what_waited_in_vain_is_given_up_together) {
  add(1);
  add(2);
  go(0ms);
  EXPECT_TRUE(failed(1, 0ms, false));
  lane.given_back(take(2));
  add(3, 50s);
  EXPECT_FALSE(lane.is_hopeless(59s));
  EXPECT_TRUE(lane.is_hopeless(60s));
  const auto hopeless = lane.take_hopeless(60s);
  ASSERT_EQ(hopeless.size(), 2u);
  EXPECT_EQ(hopeless[0].requested.value, 1u);
  EXPECT_EQ(hopeless[1].requested.value, 2u);
  EXPECT_EQ(hopeless[1].attempts, 0u);
  EXPECT_EQ(hopeless[1].error, "nobody there");
}

TEST_F(outbox_lane_test, memory_stays_bounded_when_everyone_waits) {
  milliseconds now = 0ms;
  std::uint64_t n = 0;
  for (int i = 0; i < 1000; ++i) {
    for (auto room = lane.room_for_new(now); room > 0; --room) add(++n);
    for (const auto each : go(now)) EXPECT_TRUE(failed(each, now, true));
  }
  EXPECT_EQ(n, outbox_lane::max_waiting);
}

// SMTP: what the server's answers mean.

attempt after(std::initializer_list<std::pair<const char*, const char*>> lines, bool ended_well, std::vector<std::string> to = {"a@x", "b@x"}) {
  smtp_transcript heard;
  for (const auto& [said, answer] : lines) {
    if (*said) heard.sent(std::string(said) + "\r\n");
    if (*answer) heard.received(std::string(answer) + "\r\n");
  }
  return heard.outcome(ended_well, to, "the connection was lost");
}

TEST(smtp_transcript_test, all_taken) {
  const auto got = after({{"", "220 hi"}, {"EHLO h", "250-h"}, {"", "250 SIZE"}, {"MAIL FROM:<p@x>", "250 ok"}, {"RCPT TO:<a@x>", "250 ok"},
                          {"RCPT TO:<b@x>", "250 ok"}, {"DATA", "354 go"}, {"", "250 queued"}}, true);
  EXPECT_THAT(got.reached, ElementsAre("a@x", "b@x"));
  EXPECT_FALSE(got.try_again);
  EXPECT_TRUE(got.way_was_free);
}

TEST(smtp_transcript_test, one_refused_for_good_one_for_now) {
  const auto got = after({{"", "220 hi"}, {"MAIL FROM:<p@x>", "250 ok"}, {"RCPT TO:<a@x>", "550-no such"}, {"", "550 user"},
                          {"RCPT TO:<b@x>", "250 ok"}, {"RCPT TO:<c@x>", "451 later"}, {"DATA", "354 go"}, {"", "250 queued"}},
                         true, {"a@x", "b@x", "c@x"});
  EXPECT_THAT(got.reached, ElementsAre("b@x"));
  ASSERT_EQ(got.refused.size(), 1u);
  EXPECT_EQ(got.refused[0].address, "a@x");
  EXPECT_EQ(got.refused[0].words, "550 no such user");
  EXPECT_TRUE(got.try_again);
  EXPECT_EQ(got.error, "c@x: 451 later");
}

TEST(smtp_transcript_test, everybody_refused_for_good) {
  const auto got = after({{"", "220 hi"}, {"MAIL FROM:<p@x>", "250 ok"}, {"RCPT TO:<a@x>", "550 no"}, {"RCPT TO:<b@x>", "553 no"}, {"QUIT", "221 bye"}}, false);
  EXPECT_FALSE(got.try_again);
  EXPECT_TRUE(got.way_was_free);
  EXPECT_EQ(got.refused.size(), 2u);
}

TEST(smtp_transcript_test, a_message_refused_for_good_after_the_recipients_were_taken) {
  const auto got = after({{"MAIL FROM:<p@x>", "250 ok"}, {"RCPT TO:<a@x>", "250 ok"}, {"RCPT TO:<b@x>", "250 ok"}, {"DATA", "354 go"}, {"", "554 spam"}}, false);
  EXPECT_FALSE(got.try_again);
  EXPECT_EQ(got.refused.size(), 2u);
  EXPECT_EQ(got.refused[0].words, "554 spam");
}

TEST(smtp_transcript_test, a_message_that_is_put_off_and_a_lost_connection_are_tried_again) {
  for (const auto& got : {after({{"MAIL FROM:<p@x>", "250 ok"}, {"RCPT TO:<a@x>", "250 ok"}, {"RCPT TO:<b@x>", "250 ok"}, {"DATA", "354 go"}, {"", "451 busy"}}, false),
                          after({{"MAIL FROM:<p@x>", "250 ok"}, {"RCPT TO:<a@x>", "250 ok"}, {"RCPT TO:<b@x>", "250 ok"}, {"DATA", "354 go"}}, false),
                          after({{"MAIL FROM:<p@x>", "250 ok"}, {"RCPT TO:<a@x>", "421 going"}}, false), after({{"", "554 no service"}}, false),
                          after({{"", "220 hi"}, {"AUTH PLAIN", "535 bad credentials"}}, false), after({{"MAIL FROM:<p@x>", "530 authenticate first"}}, false),
                          after({}, false)}) {
    EXPECT_TRUE(got.try_again);
    EXPECT_FALSE(got.way_was_free);
    EXPECT_TRUE(got.refused.empty());
    EXPECT_FALSE(got.error.empty());
  }
}

TEST(smtp_transcript_test, a_sender_refused_for_good) {
  const auto got = after({{"MAIL FROM:<p@x>", "550 not you"}}, false);
  EXPECT_FALSE(got.try_again);
  EXPECT_EQ(got.refused.size(), 2u);
}

TEST(post_signature_test, is_hmac_sha256_of_timestamp_and_body) {
  // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac s3cret
  EXPECT_EQ(post_signature("s3cret", 1'700'000'000, R"({"a":1})"), "sha256=1698a50bc74d1ff1db85c4e0a5297c2ad9fdba245d5737cdb789e4cc6e098940");
}

TEST(outbox_pace_test, what_is_more_than_a_minutes_worth_waits_its_turn) {
  outbox_lane lane({}, 60);
  std::uint64_t tried = 0;
  const auto send = [&](milliseconds now) {
    std::uint64_t sent = 0;
    for (;;) {
      if (lane.room_for_new(now) > 0) lane.add({});
      const auto item = lane.next(now);
      if (!item) return sent;
      lane.answered(now, true, 0, {});
      ++sent;
      ++tried;
    }
  };
  EXPECT_EQ(send(0ms), 60u);
  EXPECT_EQ(lane.next_look(0ms), 1000ms) << "the next one goes when its second comes";
  EXPECT_EQ(send(500ms), 0u);
  EXPECT_EQ(send(1000ms), 1u);
  EXPECT_EQ(send(31'000ms), 30u);
  EXPECT_EQ(send(10'000'000ms), 60u) << "quiet hours are not saved up";
  EXPECT_EQ(tried, 151u);
}

}  // namespace
}  // namespace plo::actors::test
