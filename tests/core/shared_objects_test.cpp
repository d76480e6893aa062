// What threads share without an actor between them, under real threads: this is where ThreadSanitizer can see everything.
#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "actors/core/applied_gate.hpp"
#include "actors/core/commit_feed.hpp"
#include "actors/core/completion.hpp"
#include "actors/views/stream_feed.hpp"

namespace plo::actors {
namespace {

committed_events group_at(std::uint64_t first, std::size_t size) {
  auto events = std::make_shared<std::vector<recorded_event>>(size);
  for (std::size_t i = 0; i < size; ++i) (*events)[i].pos = {first + i};
  return events;
}

TEST(shared_objects, the_commit_feed_hands_groups_over_in_order) {
  commit_feed feed(1'000'000);
  constexpr std::uint64_t groups = 2000;
  std::thread writer([&] {
    for (std::uint64_t i = 0; i < groups; ++i) feed.push(group_at(i * 3 + 1, 3));
  });
  std::uint64_t next = 1;
  while (next < groups * 3)
    for (const auto& group : feed.take(50))
      for (const auto& e : *group) EXPECT_EQ(e.pos.value, next++);
  writer.join();
  EXPECT_EQ(feed.size(), 0u);
}

TEST(shared_objects, the_gate_lets_everybody_through_once) {
  applied_gate gate;
  constexpr std::uint64_t last = 1000;
  std::atomic<std::uint64_t> passed{0};
  std::vector<std::thread> waiters;
  for (int t = 0; t < 3; ++t)
    waiters.emplace_back([&] {
      for (std::uint64_t i = 1; i <= last; ++i) gate.wait({i}, [&] { ++passed; });
    });
  for (std::uint64_t i = 1; i <= last; ++i) gate.advance({i});
  for (auto& waiter : waiters) waiter.join();
  gate.advance({last});
  EXPECT_EQ(passed, 3 * last);
}

TEST(shared_objects, a_completion_is_paid_once_by_whoever_comes_first) {
  for (int round = 0; round < 500; ++round) {
    std::atomic<int> answers{0};
    {
      const completion<int> owed([&](int) { ++answers; });
      std::thread other([copy = owed] { copy(1); });
      owed(2);
      other.join();
    }
    EXPECT_EQ(answers, 1);
  }
}

TEST(shared_objects, an_abandoned_completion_answers_with_nothing) {
  int answer = -1;
  {
    const completion<int> owed([&](int value) { answer = value; });
    std::thread([copy = owed] {}).join();
  }
  EXPECT_EQ(answer, 0);
}

TEST(shared_objects, readers_of_the_stream_feed_miss_nothing) {
  stream_feed feed(100'000);
  constexpr std::uint64_t last = 3000;
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t)
    readers.emplace_back([&] {
      std::atomic<int> woken{0};
      const auto id = feed.subscribe({}, [&] { ++woken; });
      position place;
      std::uint64_t expected = 1;
      while (place.value < last) {
        const auto portion = feed.read(id, place, 64);
        EXPECT_FALSE(portion.behind);
        for (const auto& message : portion.messages) EXPECT_EQ(message->pos.value, expected++);
        place = portion.upto;
      }
      feed.unsubscribe(id);
    });
  for (std::uint64_t i = 1; i <= last; ++i) {
    auto message = std::make_shared<stream_message>();
    message->pos = {i};
    feed.publish({message}, {i});
  }
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(feed.subscribers(), 0u);
}

}  // namespace
}  // namespace plo::actors
