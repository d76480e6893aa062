// What must not get into the log: events that could not be read back, and projects that would become too large.
#include "actors/core/lifeline.hpp"
#include "eventstore/index/dead_letters.hpp"
#include "tests/core/actor_fixture.hpp"

namespace plo::actors::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// As no door lets it in.
const std::string not_utf8 = "{\"a\":\"\xff\"}";

TEST_F(actor_test, an_event_that_could_not_be_read_back_is_rejected_alone) {
  const auto opened = ingest(post("crm", "E-0", "project.created").ref("X"));
  send({post("erp", "E-1", "order.confirmed").ref("X").order("O-1"), post("erp", "E-2", "custom.seen").ref("X").payload(not_utf8),
        post("erp", "E-3", "custom.seen").ref("X").payload("{"), post("erp", "E-4", "stock.check_ok").ref("X").order("O-1")});
  run();
  EXPECT_EQ(replies[1]->what, outcome::stored);
  EXPECT_EQ(replies[2]->what, outcome::invalid);
  EXPECT_THAT(replies[2]->reason, HasSubstr("custom.seen cannot be read back"));
  EXPECT_EQ(replies[2]->errors.size(), 1u);
  EXPECT_EQ(replies[3]->what, outcome::invalid);
  EXPECT_EQ(replies[4]->what, outcome::stored);
  EXPECT_THAT(inputs_of(opened.project), ElementsAre("project.created", "order.confirmed", "stock.check_ok"));
  EXPECT_EQ(ingest(post("erp", "E-2", "custom.seen").ref("X").payload(not_utf8)).what, outcome::invalid) << "nothing of it is known";
  EXPECT_EQ(ingest(post("erp", "E-2", "custom.seen").ref("X")).what, outcome::stored);
}

TEST_F(actor_test, hundreds_of_rejected_events_among_good_ones_cost_each_one_decision_more) {
  const auto opened = ingest(post("crm", "E-0", "project.created").ref("X"));
  std::vector<post> lines;
  for (int i = 0; i < 300; ++i)
    lines.push_back(post("erp", fmt::format("L-{}", i), "custom.seen").ref("X").payload(i % 3 == 1 ? not_utf8 : "{}"));
  send(std::move(lines));
  run();
  for (int i = 0; i < 300; ++i) EXPECT_EQ(replies[static_cast<std::size_t>(i) + 1]->what, i % 3 == 1 ? outcome::invalid : outcome::stored) << i;
  EXPECT_EQ(inputs_of(opened.project).size(), 201u);
}

TEST_F(actor_test, what_a_rejected_event_would_teach_is_not_learnt) {
  ingest(post("crm", "E-0", "project.created").ref("X"));
  auto bad = post("erp", "E-1", "custom.seen").ref("X").payload(not_utf8);
  bad.e.payload_order_ref = "O-9";
  EXPECT_EQ(ingest(bad).what, outcome::invalid);
  EXPECT_EQ(ingest(post("oms", "E-2", "shipment.dispatched").ref("O-9")).what, outcome::dead_letter);
}

TEST_F(actor_test, repeats_of_a_rejected_event_are_rejected_one_by_one) {
  ingest(post("crm", "E-0", "project.created").ref("X"));
  std::vector<post> same;
  for (int i = 0; i < 50; ++i) same.push_back(post("erp", "E-1", "custom.seen").ref("X").payload(i == 40 ? "{}" : not_utf8));
  send(std::move(same));
  run();
  for (std::size_t i = 0; i < 40; ++i) EXPECT_EQ(replies[i + 1]->what, outcome::invalid) << i;
  EXPECT_EQ(replies[41]->what, outcome::stored);
  for (std::size_t i = 41; i < 50; ++i) {
    EXPECT_EQ(replies[i + 1]->what, outcome::invalid) << i << ": its contradiction could not be kept";
  }
}

TEST_F(actor_test, a_letter_or_a_contradiction_that_could_not_be_read_back_is_rejected) {
  const auto letter = ingest(post("erp", "E-1", "custom.seen").ref("nobody").payload(not_utf8));
  EXPECT_EQ(letter.what, outcome::invalid);
  EXPECT_EQ(metrics.dead_letters_waiting, 0);
  ingest(post("crm", "E-2", "project.created").ref("X"));
  EXPECT_EQ(ingest(post("crm", "E-2", "project.created").ref("X").payload(not_utf8)).what, outcome::invalid);
  EXPECT_EQ(log.version_of(stream_id::dead_letters()).value, 0u);
}

TEST_F(actor_test, commands_that_could_not_be_read_back_are_rejected) {
  const auto opened = ingest(post("crm", "E-0", "project.created").ref("X").customer("C"));
  const auto noted = command(opened.project, own_type::note_added, R"({"comment":"x"})", "\xff");
  EXPECT_EQ(noted.what, command_reply::outcome::invalid);
  EXPECT_EQ(noted.reason, "the comment is not UTF-8");
  const auto letter = ingest(post("erp", "E-1", "custom.seen").ref("nobody"));
  EXPECT_EQ(settle_letter(letter.letter, std::nullopt, "\xff").what, command_reply::outcome::invalid);
  EXPECT_EQ(eventstore::find_dead_letter(log, letter.letter)->status, eventstore::dead_letter_status::waiting);
  EXPECT_EQ(settle_letter(letter.letter, std::nullopt).what, command_reply::outcome::done);
  EXPECT_EQ(command(opened.project, own_type::note_added, R"({"comment":"x"})").what, command_reply::outcome::done);
}

TEST_F(actor_test, a_project_that_would_become_too_large_refuses_and_goes_on) {
  TearDown();
  limits.orders_per_project = 2;
  start(1000);
  const auto opened = ingest(post("crm", "E-0", "project.created").ref("X"));
  send({post("erp", "E-1", "order.confirmed").ref("X").order("O-1"), post("erp", "E-2", "order.confirmed").ref("X").order("O-2"),
        post("erp", "E-3", "order.confirmed").ref("X").order("O-3"), post("erp", "E-4", "stock.check_ok").ref("X").order("O-2")});
  run();
  EXPECT_EQ(replies[3]->what, outcome::invalid);
  EXPECT_EQ(replies[3]->reason, "a project must not have more than 2 orders");
  EXPECT_THAT(replies[3]->errors, ElementsAre(field_error{"/payload/order_ref", "a project must not have more than 2 orders"}));
  EXPECT_EQ(replies[4]->what, outcome::stored);
  EXPECT_EQ(command(opened.project, own_type::order_created, R"({"order_ref":"O-4"})").what, command_reply::outcome::invalid);
  EXPECT_EQ(ingest(post("oms", "E-5", "shipment.dispatched").ref("O-3")).what, outcome::dead_letter) << "its reference was not learnt";
}

TEST_F(actor_test, a_letter_that_would_make_its_project_too_large_waits_on_and_says_why_when_attached) {
  TearDown();
  limits.orders_per_project = 2;
  start(1000);
  dead_letter_id last;
  for (int i = 1; i <= 3; ++i) last = ingest(post("erp", fmt::format("E-{}", i), "order.confirmed").ref("X").order(fmt::format("O-{}", i))).letter;
  const auto opened = ingest(post("crm", "E-0", "project.created").ref("X"));
  EXPECT_EQ(inputs_of(opened.project).size(), 3u);
  EXPECT_EQ(metrics.dead_letters_waiting, 1);
  EXPECT_LE(log.letters_read, 4u) << "it is not tried for ever";
  const auto attached = settle_letter(last, opened.project);
  EXPECT_EQ(attached.what, command_reply::outcome::refused);
  EXPECT_EQ(attached.reason, "a project must not have more than 2 orders");
  EXPECT_EQ(eventstore::find_dead_letter(log, last)->status, eventstore::dead_letter_status::waiting);
}

TEST_F(actor_test, a_letter_from_before_the_bounds_waits_on_and_says_why_when_attached) {
  const auto opened = ingest(post("crm", "E-0", "project.created").ref("X"));
  const auto old = ingest(post("erp", "E-1", "order.confirmed").ref("nobody").payload(R"({"order_ref":"O","promised_delivery_date":"0001-01-01"})"));
  ASSERT_EQ(old.what, outcome::dead_letter);
  const auto attached = settle_letter(old.letter, opened.project);
  EXPECT_EQ(attached.what, command_reply::outcome::refused);
  EXPECT_THAT(attached.reason, HasSubstr("/payload/promised_delivery_date: must be a date"));
}

TEST_F(actor_test, a_time_before_1970_is_refused_whoever_says_it) {
  const auto opened = ingest(post("crm", "E-0", "project.created").ref("X"));
  const auto early = ingest(post("erp", "E-1", "custom.seen").ref("X").at("1969-12-31T23:59:59Z"));
  EXPECT_EQ(early.what, outcome::invalid);
  EXPECT_EQ(early.errors.front().pointer, "/occurred_at");
}

// What an event on its way is to teach counts at once. If it is refused, those behind it are routed again.
TEST_F(actor_test, what_followed_a_refused_opening_belongs_to_nobody) {
  send({post("crm", "E-0", "project.created").ref("X").at("1960-01-01T00:00:00Z"), post("erp", "E-1", "order.confirmed").ref("X").order("O-1"),
        post("erp", "E-2", "stock.check_ok").ref("O-1"), post("erp", "E-1", "order.confirmed").ref("X").order("O-1")});
  run();
  EXPECT_EQ(replies[0]->what, outcome::invalid);
  EXPECT_EQ(replies[1]->what, outcome::dead_letter);
  EXPECT_EQ(replies[2]->what, outcome::dead_letter);
  EXPECT_EQ(replies[3]->letter, replies[1]->letter);
  EXPECT_EQ(metrics.dead_letters_waiting, 2);
  // Both come in order once somebody is known so.
  const auto opened = ingest(post("crm", "E-3", "project.created").ref("X"));
  EXPECT_THAT(inputs_of(opened.project), ElementsAre("project.created", "order.confirmed", "stock.check_ok"));
}

TEST_F(actor_test, what_followed_a_refused_opening_may_open_a_project_itself) {
  send({post("crm", "E-0", "project.created").ref("X").at("1960-01-01T00:00:00Z"), post("crm", "E-1", "project.created").ref("X")});
  run();
  EXPECT_EQ(replies[0]->what, outcome::invalid);
  ASSERT_EQ(replies[1]->what, outcome::stored);
  EXPECT_THAT(inputs_of(replies[1]->project), ElementsAre("project.created"));
}

TEST_F(actor_test, many_that_followed_a_refused_opening_do_not_lead_each_other_on) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const auto ref = fmt::format("X-{}", seed);
    const auto first = send({post("crm", ref, "project.created").ref(ref).at("1960-01-01T00:00:00Z")});
    // Each in a message of its own, so that some are still on their way when the first comes back.
    for (int i = 1; i <= 20; ++i) send({post("erp", fmt::format("{}-{}", ref, i), "stock.check_ok").ref(ref)});
    run_shuffled(seed);
    for (std::size_t i = first + 1; i < replies.size(); ++i) {
      ASSERT_TRUE(replies[i]) << ref << " " << i;
      EXPECT_EQ(replies[i]->what, outcome::dead_letter) << ref << " " << i;
    }
  }
}

TEST_F(actor_test, a_letter_is_not_let_in_by_a_refused_event) {
  EXPECT_EQ(ingest(post("erp", "E-1", "stock.check_ok").ref("O-1")).what, outcome::dead_letter);
  const auto opened = ingest(post("crm", "E-2", "project.created").ref("X"));
  EXPECT_EQ(ingest(post("erp", "E-3", "order.confirmed").ref("X").order("O-1").at("1960-01-01T00:00:00Z")).what, outcome::invalid);
  EXPECT_EQ(metrics.dead_letters_waiting, 1);
  EXPECT_THAT(inputs_of(opened.project), ElementsAre("project.created"));
  ingest(post("erp", "E-4", "order.confirmed").ref("X").order("O-1"));
  EXPECT_EQ(metrics.dead_letters_waiting, 0);
  EXPECT_THAT(inputs_of(opened.project), ElementsAre("project.created", "order.confirmed", "stock.check_ok"));
}

TEST_F(actor_test, two_projects_that_are_about_to_share_a_reference_keep_its_events_waiting) {
  const auto one = ingest(post("crm", "E-1", "project.created").ref("X"));
  ingest(post("crm", "E-2", "project.created").ref("Y"));
  ingest(post("erp", "E-3", "order.confirmed").ref("X").order("O-1"));
  // Refused: the reference still means one project.
  send({post("erp", "E-4", "order.confirmed").ref("Y").order("O-1").at("1960-01-01T00:00:00Z"), post("oms", "E-5", "stock.check_ok").ref("O-1")});
  run();
  EXPECT_EQ(replies.back()->project, one.project);
  // Stored: it means two.
  send({post("erp", "E-6", "order.confirmed").ref("Y").order("O-1"), post("tms", "E-7", "stock.check_ok").ref("O-1")});
  run();
  EXPECT_EQ(replies.back()->what, outcome::dead_letter);
}

TEST_F(event_clock_test, what_is_routed_again_is_decided_by_the_clock_of_its_turn) {
  send({post("crm", "E-0", "project.created").ref("X").at("1960-01-01T00:00:00Z"), post("crm", "E-1", "project.created").ref("X").at("2025-06-15T10:00:00Z"),
        post("crm", "E-2", "project.created").ref("Y").at("2025-06-16T10:00:00Z")});
  run();
  EXPECT_EQ(replies[1]->what, outcome::stored);
  EXPECT_EQ(replies[2]->what, outcome::stored);
}

TEST_F(actor_test, the_death_of_the_directory_is_told_with_what_it_died_of) {
  std::vector<std::string> told;
  tell_of_death(door, [&](const std::string& reason) { told.push_back(reason); });
  tell_of_death(writer, [&](const std::string& reason) { told.push_back("writer: " + reason); });
  log.throws = true;
  const auto slot = send({post("crm", "E-1", "project.created").ref("X")});
  run();
  EXPECT_EQ(replies[slot]->what, outcome::unavailable) << "whoever waited is answered";
  EXPECT_THAT(told, ElementsAre(HasSubstr("nobody expected this")));
  TearDown();
  EXPECT_EQ(told.size(), 1u) << "being stopped is no death";
}

TEST(lifeline_death_test, the_process_ends_with_status_3_and_says_who_died) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(end_process("directory", "std::bad_alloc"), ::testing::ExitedWithCode(3), "");
}

}  // namespace
}  // namespace plo::actors::test
