// From a request in the log to its report in the log.
#include "tests/outbox/fixture.hpp"

namespace plo::actors::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(outbox_test, what_is_requested_is_sent_once_and_recorded) {
  const auto ids = request(1);
  EXPECT_EQ(ways["email"]->carried, ids);
  ASSERT_EQ(reports().size(), 1u);
  const auto report = reports().front();
  EXPECT_EQ(report.type, notification_type::sent);
  EXPECT_EQ(report.kind, event_kind::derived);
  const auto requested = log.at(row(ids[0]).requested);
  EXPECT_EQ(report.causation_id, requested->id);
  const auto data = nlohmann::json::parse(report.data);
  EXPECT_EQ(data["sent_to"], "a@example.org");
  EXPECT_EQ(data["attempts"], 1);
  EXPECT_EQ(data["severity"], "critical");
  EXPECT_EQ(row(ids[0]).status, notification_status::sent);
  EXPECT_EQ(row(ids[0]).attempts, 1u);
  EXPECT_TRUE(row(ids[0]).sent_at);
  pass(1h);
  EXPECT_EQ(ways["email"]->carried.size(), 1u);
}

TEST_F(outbox_test, each_way_out_has_a_lane_of_its_own) {
  ways["email"] = std::make_shared<scripted_carrier>();
  ways["email"]->script = {put_off("nobody there", false)};
  request(3);
  const auto tickets = request(3, "ticket", "crm");
  EXPECT_EQ(ways["email"]->carried.size(), 1u) << "the others wait";
  EXPECT_EQ(ways["ticket:crm"]->carried, tickets);
  pass(1s);
  EXPECT_EQ(ways["email"]->carried.size(), 4u);
}

TEST_F(outbox_test, what_is_put_off_is_tried_again_until_it_is_delivered) {
  ways["email"] = std::make_shared<scripted_carrier>();
  ways["email"]->script = {put_off("451 later"), put_off("451 later")};
  const auto id = request(1)[0];
  EXPECT_EQ(row(id).status, notification_status::pending);
  EXPECT_EQ(counts.waiting, 1u);
  pass(1s);
  pass(1s);
  EXPECT_EQ(ways["email"]->carried.size(), 2u);
  pass(1s);
  EXPECT_THAT(ways["email"]->carried, ElementsAre(id, id, id));
  EXPECT_EQ(row(id).status, notification_status::sent);
  EXPECT_EQ(row(id).attempts, 3u);
  EXPECT_EQ(row(id).error, "");
  EXPECT_EQ(counts.failed_attempts, 2u);
}

TEST_F(outbox_test, what_is_refused_fails_and_can_be_sent_again_by_hand) {
  ways["email"] = std::make_shared<scripted_carrier>();
  ways["email"]->script = {refusal("550 no such user")};
  const auto id = request(1)[0];
  EXPECT_EQ(row(id).status, notification_status::failed);
  EXPECT_EQ(row(id).error, "a@example.org: 550 no such user");
  EXPECT_EQ(reports().back().type, notification_type::failed);

  EXPECT_EQ(retry({make_uuid_v7(1)}).what, command_reply::outcome::unknown);
  const auto answer = retry(id);
  EXPECT_EQ(answer.what, command_reply::outcome::done);
  const auto asked = log.at(answer.pos);
  EXPECT_EQ(asked->type, notification_type::retry_requested);
  EXPECT_EQ(asked->kind, event_kind::operator_);
  EXPECT_EQ(asked->operator_id, "anna");
  EXPECT_EQ(row(id).status, notification_status::sent);
  EXPECT_EQ(ways["email"]->carried.size(), 2u);
  EXPECT_EQ(retry(id).what, command_reply::outcome::refused);
}

TEST_F(outbox_test, two_at_once_cannot_both_have_it_sent_again) {
  ways["email"] = std::make_shared<scripted_carrier>();
  ways["email"]->script = {refusal("550")};
  const auto id = request(1)[0];
  std::vector<command_reply::outcome> answers;
  for (int i = 0; i < 2; ++i)
    caf::anon_send(sending, retry_notification{id, {}, command_completion([&](const command_reply& reply) { answers.push_back(reply.what); })});
  run();
  EXPECT_THAT(answers, ::testing::UnorderedElementsAre(command_reply::outcome::done, command_reply::outcome::refused));
  EXPECT_EQ(ways["email"]->carried.size(), 2u);
}

TEST_F(outbox_test, what_was_sent_while_the_store_refuses_is_recorded_later_and_not_sent_again) {
  ways["email"] = std::make_shared<scripted_carrier>();
  ways["email"]->script = {put_off("later")};
  const auto id = request(1)[0];
  log.broken = true;
  pass(1s);
  EXPECT_EQ(ways["email"]->carried.size(), 2u);
  EXPECT_EQ(row(id).status, notification_status::pending);
  pass(2s);
  log.broken = false;
  pass(2s);
  EXPECT_EQ(row(id).status, notification_status::sent);
  EXPECT_EQ(ways["email"]->carried.size(), 2u);
}

TEST_F(outbox_test, a_restart_sends_what_is_pending_and_nothing_else) {
  ways["email"] = std::make_shared<scripted_carrier>();
  ways["email"]->script = {attempt{}, put_off("later")};
  ways["email"]->script.front().reached.push_back("a@example.org");
  const auto ids = request(2);
  close();
  open();
  EXPECT_THAT(ways["email"]->carried, ElementsAre(ids[0], ids[1], ids[1]));
  EXPECT_EQ(reports().size(), 2u);
}

TEST_F(outbox_test, a_history_is_marked_sent_in_few_appends_and_nobody_is_told) {
  close();
  settings.mode = outbox_mode::log_only;
  open();
  for (int i = 0; i < 5; ++i) request(1'000);
  request(10, "ticket", "crm");
  bool drained = false;
  caf::anon_send(sending, drain_outbox{false, completion<bool>([&](bool yes) { drained = yes; })});
  const auto before = log.appends;
  run();
  EXPECT_TRUE(drained);
  EXPECT_LE(log.appends - before, 4);
  EXPECT_EQ(reports().size(), 5'010u);
  EXPECT_TRUE(ways.empty());
  projections::notification_query pending;
  pending.status = notification_status::pending;
  EXPECT_TRUE(listed(pending).empty());
  EXPECT_EQ(listed()[0]["sent_to"], "log");
  EXPECT_EQ(listed()[0]["attempts"], 0);
}

TEST_F(outbox_test, thousands_may_wait_and_few_are_under_way) {
  ways["email"] = std::make_shared<scripted_carrier>();
  ways["email"]->script = {put_off("nobody there", false)};
  for (int i = 0; i < 100; ++i) request(20);
  EXPECT_EQ(ways["email"]->carried.size(), 1u);
  EXPECT_LE(counts.waiting + counts.sending, outbox_lane::max_sending);
  pass(1s);
  EXPECT_EQ(reports().size(), 2'000u);
  EXPECT_EQ(ways["email"]->carried.size(), 2'001u);
}

TEST_F(outbox_test, when_nobody_answers_for_too_long_everything_that_old_fails) {
  ways["email"] = std::make_shared<scripted_carrier>();
  ways["email"]->script.assign(1'000, put_off("nobody there", false));
  const auto ids = request(200);
  for (int i = 0; i < 15; ++i) pass(5s);
  for (const auto& id : {ids.front(), ids.back()}) {
    EXPECT_EQ(row(id).status, notification_status::failed);
    EXPECT_EQ(row(id).error, "nobody there");
  }
  EXPECT_LE(ways["email"]->carried.size(), 20u) << "a server that is not there is not run into by everyone";
}

TEST_F(outbox_test, when_it_stops_what_is_not_sent_stays_pending) {
  ways["email"] = std::make_shared<scripted_carrier>();
  ways["email"]->script = {put_off("later")};
  const auto id = request(1)[0];
  stopping = true;
  bool stopped = false;
  caf::anon_send(sending, drain_outbox{true, completion<bool>([&](bool yes) { stopped = yes; })});
  run();
  EXPECT_TRUE(stopped);
  pass(10s);
  EXPECT_EQ(ways["email"]->carried.size(), 1u);
  EXPECT_EQ(row(id).status, notification_status::pending);
}

TEST_F(outbox_test, the_stream_announces_what_became_of_it) {
  request(1);
  const auto messages = told();
  const auto& text = messages.back()->text;
  EXPECT_THAT(text, HasSubstr("event: notification.sent\n"));
  for (const char* field : {"project_id", "anomaly_id", "rule_id", "severity", "notification_id"}) EXPECT_THAT(text, HasSubstr(field));
  EXPECT_TRUE(messages.back()->project);
  EXPECT_EQ(messages.back()->severity, "critical");
}

}  // namespace
}  // namespace plo::actors::test
