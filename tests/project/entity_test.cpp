// The shell around an aggregate: order, one append at a time, failure, rest and replay.
#include "tests/core/actor_fixture.hpp"

namespace plo::actors::test {
namespace {

using ::testing::ElementsAre;

TEST_F(actor_test, what_arrives_during_an_append_goes_together_as_the_next) {
  const auto opened = ingest(post("crm", "E-0", "project.created").ref("X"));
  const int before = log.appends;
  // One request each: the first starts an append, the other nine queue behind it in the entity.
  for (int i = 1; i <= 10; ++i) send({post("erp", fmt::format("E-{}", i), "custom.seen").ref("X")});
  run();
  for (const auto& reply : replies) EXPECT_EQ(reply->what, outcome::stored);
  EXPECT_LE(log.appends - before, 3);
  EXPECT_EQ(inputs_of(opened.project).size(), 11u);
}

TEST_F(actor_test, one_requests_events_for_a_project_are_one_append) {
  std::vector<post> lines{post("crm", "E-0", "project.created").ref("X")};
  for (int i = 1; i < 50; ++i) lines.push_back(post("erp", fmt::format("E-{}", i), "custom.seen").ref("X"));
  send(std::move(lines));
  run();
  EXPECT_EQ(log.appends, 1);
  EXPECT_EQ(replies[49]->what, outcome::stored);
}

TEST_F(actor_test, a_refused_append_is_answered_and_leaves_nothing_behind) {
  const auto opened = ingest(post("crm", "E-0", "project.created").ref("X"));
  log.broken = true;
  EXPECT_EQ(ingest(post("erp", "E-1", "order.confirmed").ref("X").order("O-1")).what, outcome::unavailable);
  EXPECT_EQ(ingest(post("crm", "E-2", "project.created").ref("Y")).what, outcome::unavailable);
  EXPECT_EQ(metrics.append_failures, 2u);
  log.broken = false;
  // The reference of the refused project was not learnt, and the refused order does not exist.
  EXPECT_EQ(ingest(post("erp", "E-3", "stock.check_ok").ref("Y")).what, outcome::dead_letter);
  EXPECT_EQ(ingest(post("oms", "E-4", "shipment.dispatched").ref("O-1")).what, outcome::dead_letter);
  EXPECT_EQ(ingest(post("erp", "E-1", "order.confirmed").ref("X").order("O-1")).what, outcome::stored);
  EXPECT_EQ(metrics.append_failures, 2u);
  EXPECT_THAT(inputs_of(opened.project), ElementsAre("project.created", "order.confirmed", "shipment.dispatched"));
}

TEST_F(actor_test, what_others_changed_meanwhile_is_decided_again_three_times) {
  ingest(post("crm", "E-0", "project.created").ref("X"));
  log.outdated = 3;
  EXPECT_EQ(ingest(post("erp", "E-1", "order.confirmed").ref("X").order("O-1")).what, outcome::stored);
  log.outdated = 4;
  EXPECT_EQ(ingest(post("erp", "E-2", "order.confirmed").ref("X").order("O-2")).what, outcome::unavailable);
  EXPECT_EQ(log.outdated, 0);
  EXPECT_EQ(metrics.append_failures, 1u);
  // Another start of three, and nothing of the refused one is left.
  log.outdated = 3;
  EXPECT_EQ(ingest(post("erp", "E-2", "order.confirmed").ref("X").order("O-2")).what, outcome::stored);
}

TEST_F(actor_test, everything_queued_behind_a_refused_append_is_answered) {
  ingest(post("crm", "E-0", "project.created").ref("X"));
  log.broken = true;
  for (int i = 1; i <= 5; ++i) send({post("erp", fmt::format("E-{}", i), "custom.seen").ref("X")});
  run();
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(replies[static_cast<std::size_t>(i)]->what, outcome::unavailable);
  log.broken = false;
  EXPECT_EQ(ingest(post("erp", "E-6", "custom.seen").ref("X")).what, outcome::stored);
}

TEST_F(actor_test, projects_beyond_the_limit_are_put_to_rest_and_replayed_when_needed) {
  TearDown();
  start(10);
  for (int i = 0; i < 50; ++i)
    ingest(post("crm", fmt::format("P-{}", i), "project.created").ref(fmt::format("X-{}", i)));
  EXPECT_LE(metrics.live_projects, 10u);
  const auto again = ingest(post("erp", "E-1", "order.confirmed").ref("X-0").order("O-1"));
  EXPECT_EQ(again.what, outcome::stored);
  EXPECT_EQ(metrics.projects_replayed, 1u);
  const auto events = stream_of(again.project);
  for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].version.value, i + 1);
}

TEST_F(actor_test, any_order_of_delivery_gives_every_event_a_place_and_every_sender_an_answer) {
  const auto seed = static_cast<std::uint32_t>(::testing::UnitTest::GetInstance()->random_seed()) + 4711;
  SCOPED_TRACE(fmt::format("seed {}", seed));
  TearDown();
  start(3);
  std::mt19937 random(seed);
  for (int i = 0; i < 200; ++i) {
    const auto project = fmt::format("X-{}", random() % 8);
    const bool opens = random() % 4 == 0;
    send({post(opens ? "crm" : "erp", fmt::format("E-{}", i), opens ? "project.created" : "custom.seen").ref(project)});
    if (random() % 3 == 0) run_shuffled(static_cast<std::uint32_t>(random()));
  }
  run_shuffled(seed);
  for (const auto& reply : replies) {
    ASSERT_TRUE(reply.has_value());
    EXPECT_NE(reply->what, outcome::unavailable);
  }
  std::uint64_t expected = 0;
  log.read({1}, [&](const recorded_event& e) {
    EXPECT_EQ(e.pos.value, ++expected);
    return true;
  });
  EXPECT_EQ(models->checkpoint(), log.head().last);
}

}  // namespace
}  // namespace plo::actors::test
