// Thousands of letters that wait for one reference: each is read once, in portions, in the order of arrival, and others are not kept waiting.
#include "tests/core/actor_fixture.hpp"

namespace plo::actors::test {
namespace {

class drain_test : public actor_test {
protected:
  void letters(int count, const std::string& ref = "X") {
    std::vector<post> events;
    for (int i = 0; i < count; ++i) events.push_back(post("erp", fmt::format("{}-{}", ref, i), "custom.seen").ref(ref));
    send(std::move(events));
    run();
    log.letters_read = log.portions = 0;
  }

  /// The source_refs of a project's custom events.
  std::vector<std::string> seen_by(const project_id& id) {
    std::vector<std::string> refs;
    for (const auto& e : stream_of(id))
      if (e.type == "custom.seen") refs.push_back(e.source_ref);
    return refs;
  }
};

TEST_F(drain_test, two_thousand_letters_are_read_once_each_and_stay_in_order) {
  letters(2000);
  ASSERT_EQ(metrics.dead_letters_waiting, 2000);
  const auto opened = ingest(post("crm", "E-1", "project.created").ref("X"));
  EXPECT_EQ(metrics.dead_letters_waiting, 0);
  EXPECT_EQ(log.letters_read, 2000u);
  EXPECT_LE(log.portions, 6u);
  std::vector<std::string> expected;
  for (int i = 0; i < 2000; ++i) expected.push_back(fmt::format("X-{}", i));
  EXPECT_EQ(seen_by(opened.project), expected);
}

TEST_F(drain_test, a_letter_attached_by_hand_drains_the_others_once_each) {
  const auto opened = ingest(post("crm", "E-1", "project.created").ref("P"));
  letters(1200);
  const auto one = replies[601]->letter;
  EXPECT_EQ(settle_letter(one, opened.project).what, command_reply::outcome::done);
  EXPECT_EQ(metrics.dead_letters_waiting, 0);
  EXPECT_EQ(log.letters_read, 1199u);
  EXPECT_EQ(seen_by(opened.project).size(), 1200u);
}

TEST_F(drain_test, another_projects_event_and_a_newer_one_of_the_same_are_handled_in_between) {
  letters(3000);
  const auto slot = send({post("crm", "E-1", "project.created").ref("X")});
  send({post("crm", "E-2", "project.created").ref("Y")});
  send({post("erp", "E-3", "custom.new").ref("X")});
  run();
  const auto told = stream_of(replies[slot]->project);
  const auto last = std::find_if(told.rbegin(), told.rend(), [](const auto& e) { return e.type == "custom.seen"; })->pos;
  EXPECT_LT(replies[slot + 1]->pos, last);
  EXPECT_LT(replies[slot + 2]->pos, last);
  EXPECT_EQ(told.size(), 3002u);
}

TEST_F(drain_test, idle_is_when_all_of_them_have_landed) {
  letters(1100);
  bool idle = false;
  send({post("crm", "E-1", "project.created").ref("X")});
  std::int64_t waiting_then = -1;
  caf::anon_send(door, idle_request{completion<bool>([&](bool yes) {
                   idle = yes;
                   waiting_then = metrics.dead_letters_waiting;
                 })});
  run();
  EXPECT_TRUE(idle);
  EXPECT_EQ(waiting_then, 0);
}

TEST_F(drain_test, a_restart_in_the_middle_goes_on) {
  letters(1100);
  const auto slot = send({post("crm", "E-1", "project.created").ref("X")});
  while (!replies[slot].has_value()) coordinator().run_once();
  TearDown();
  const auto left = metrics.dead_letters_waiting.load();
  EXPECT_GT(left, 0);
  metrics.dead_letters_waiting = 0;
  start(1000);
  EXPECT_EQ(metrics.dead_letters_waiting, 0);
  EXPECT_EQ(seen_by(replies[slot]->project).size(), 1100u);
}

TEST_F(drain_test, letters_that_nobody_may_have_are_passed_over_once) {
  const auto a = ingest(post("crm", "E-1", "project.created").ref("A"));
  const auto b = ingest(post("crm", "E-2", "project.created").ref("B"));
  letters(600, "X");
  // Two projects learn the reference at once: it means neither.
  send({post("oms", "E-3", "custom.names").ref("X").in(a.project), post("tms", "E-4", "custom.names").ref("X").in(b.project)});
  run();
  EXPECT_LE(log.letters_read, 3 * 600u);
  EXPECT_EQ(static_cast<std::size_t>(metrics.dead_letters_waiting), 600 - seen_by(a.project).size() - seen_by(b.project).size());
}

TEST_F(drain_test, letters_of_different_references_that_name_each_other_end) {
  TearDown();
  limits.orders_per_project = 1;
  start(1000);
  for (int i = 0; i < 3; ++i) {
    ingest(post("erp", fmt::format("A-{}", i), "order.confirmed").ref("A").order(fmt::format("B{}", i)));
    ingest(post("erp", fmt::format("B-{}", i), "order.confirmed").ref(fmt::format("B{}", i)).order("A"));
  }
  const auto opened = ingest(post("crm", "E-1", "project.created").ref("A"));
  EXPECT_EQ(metrics.dead_letters_waiting, 5 - 0) << "one order fits";
  EXPECT_EQ(inputs_of(opened.project).size(), 2u);
}

TEST_F(drain_test, thousands_of_events_that_teach_the_same_are_quick) {
  std::vector<post> events{post("crm", "E-0", "project.created").ref("X")};
  for (int i = 0; i < 5000; ++i) events.push_back(post("erp", fmt::format("N-{}", i), "custom.seen").ref("X"));
  const auto start_at = std::chrono::steady_clock::now();
  send(std::move(events));
  run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start_at;
  EXPECT_LT(took.count(), 20.0);
  for (const auto& reply : replies) EXPECT_EQ(reply->what, outcome::stored);
}

}  // namespace
}  // namespace plo::actors::test
