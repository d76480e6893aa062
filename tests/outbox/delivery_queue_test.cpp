// The order in which a webhook's messages leave.
#include "actors/outbox/delivery_queue.hpp"

#include <gtest/gtest.h>

namespace plo::actors {
namespace {

constexpr milliseconds second{1000};
const patience short_patience{second, 8 * second, 60 * second};

project_id project(std::uint8_t n) {
  project_id id;
  id.value.bytes[15] = n;
  return id;
}

delivery message(std::uint64_t pos, std::uint8_t of) { return {{pos}, "anomaly.raised", project(of), "{}"}; }

std::uint64_t next_of(delivery_queue& queue, milliseconds now) {
  const auto* next = queue.next(now);
  return next == nullptr ? 0 : next->pos.value;
}

TEST(delivery_queue, goes_in_log_order) {
  delivery_queue queue(short_patience);
  for (std::uint64_t pos = 1; pos <= 3; ++pos) queue.offer(message(pos, static_cast<std::uint8_t>(pos)));
  for (std::uint64_t pos = 1; pos <= 3; ++pos) {
    EXPECT_EQ(next_of(queue, second), pos);
    EXPECT_EQ(next_of(queue, second), pos) << "until it is said what became of it";
    EXPECT_EQ(queue.settled_upto({10}).value, pos - 1);
    queue.delivered();
  }
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.settled_upto({10}).value, 10u);
}

TEST(delivery_queue, a_refused_message_holds_up_its_project_alone) {
  delivery_queue queue(short_patience);
  queue.offer(message(1, 1));
  queue.offer(message(2, 2));
  queue.offer(message(3, 1));
  EXPECT_EQ(next_of(queue, second), 1u);
  EXPECT_TRUE(queue.refused(second, 1));
  EXPECT_EQ(next_of(queue, second), 2u);
  queue.delivered();
  EXPECT_EQ(next_of(queue, second), 0u) << "3 comes after 1";
  EXPECT_EQ(queue.settled_upto({3}).value, 0u);
  EXPECT_EQ(queue.due(), 2 * second);
  EXPECT_EQ(next_of(queue, 2 * second), 1u);
  queue.delivered();
  EXPECT_EQ(next_of(queue, 2 * second), 3u) << "at once, when the way is free";
  queue.delivered();
  EXPECT_EQ(queue.settled_upto({3}).value, 3u);
}

TEST(delivery_queue, waits_longer_each_time_and_gives_up_in_the_end) {
  delivery_queue queue(short_patience);
  queue.offer(message(1, 1));
  queue.offer(message(2, 1));
  auto now = second;
  milliseconds before{0};
  int tries = 0;
  while (next_of(queue, now) == 1) {
    ++tries;
    if (!queue.refused(now, 1)) break;
    const auto pause = *queue.due() - now;
    EXPECT_GE(pause, before);
    EXPECT_LE(pause, short_patience.cap);
    before = pause;
    now = *queue.due();
  }
  EXPECT_GE(tries, 8);
  EXPECT_GE(now, short_patience.give_up_after);
  EXPECT_EQ(next_of(queue, now), 2u) << "the one behind it has its chance";
}

TEST(delivery_queue, is_full_until_something_leaves) {
  delivery_queue queue(short_patience);
  for (std::uint64_t pos = 1; !queue.full(); ++pos) queue.offer(message(pos, 1));
  EXPECT_EQ(queue.held(), delivery_queue::most_held);
  (void)queue.next(second);
  queue.delivered();
  EXPECT_FALSE(queue.full());
}

TEST(delivery_queue, webhooks_that_have_nothing_to_tell_do_not_note_each_others_notes) {
  EXPECT_TRUE(is_worth_noting({}, {40}, false)) << "that it is there";
  EXPECT_TRUE(is_worth_noting({40}, {42}, true));
  EXPECT_FALSE(is_worth_noting({40}, {42}, false)) << "the note of another one, and its own";
  EXPECT_FALSE(is_worth_noting({42}, {42}, true));
  EXPECT_TRUE(is_worth_noting({42}, {20'042}, false)) << "else a restart would read ever more";
}

TEST(delivery_queue, what_belongs_to_no_project_keeps_an_order_of_its_own) {
  delivery_queue queue(short_patience);
  queue.offer({{1}, "dead_letter.added", std::nullopt, "{}"});
  queue.offer({{2}, "dead_letter.added", std::nullopt, "{}"});
  queue.offer(message(3, 1));
  EXPECT_EQ(next_of(queue, second), 1u);
  EXPECT_TRUE(queue.refused(second, 0));
  EXPECT_EQ(next_of(queue, second), 3u);
}

}  // namespace
}  // namespace plo::actors
