// From a request in the log to its report in the log, with senders that do as the test says.
#include <nlohmann/json.hpp>

#include "actors/outbox.hpp"
#include "actors/outbox_sender.hpp"
#include "projections/notifications.hpp"
#include "tests/actors/actor_fixture.hpp"

namespace plo::actors::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Delivers, unless the script says something else; keeps what it was given.
class scripted_carrier final : public carrier {
public:
  attempt carry(const parcel& parcel) override {
    carried.push_back(parcel.told.request.id);
    rule_ids.push_back(parcel.told.request.rule_id);
    if (script.empty()) {
      attempt delivered;
      delivered.reached.push_back("a@example.org");
      return delivered;
    }
    auto next = script.front();
    script.pop_front();
    return next;
  }
  std::deque<attempt> script;
  std::vector<notification_id> carried;
  std::vector<std::string> rule_ids;
};

attempt refusal(std::string words) {
  attempt result;
  result.refused.push_back({"a@example.org", std::move(words)});
  return result;
}
attempt put_off(std::string words, bool way_was_free = true) {
  attempt result;
  result.try_again = true;
  result.way_was_free = way_was_free;
  result.error = std::move(words);
  return result;
}

/// The views as they are: a snapshot of a store in memory would be a copy of it.
class live_views final : public eventstore::kv_reader {
public:
  explicit live_views(const eventstore::kv_reader& views) : views_(views) {}
  std::optional<std::string> get(eventstore::family where, std::string_view key) const override { return views_.get(where, key); }
  void scan(eventstore::family where, std::string_view from, std::string_view until, const visitor& visit) const override {
    views_.scan(where, from, until, visit);
  }
  void scan_back(eventstore::family where, std::string_view from, std::string_view until, const visitor& visit) const override {
    views_.scan_back(where, from, until, visit);
  }

private:
  const eventstore::kv_reader& views_;
};

class outbox_test : public actor_test {
protected:
  void SetUp() override {
    actor_test::SetUp();
    settings.mode = outbox_mode::send;
    settings.retries = {1s, 8s, 60s};
    open();
  }

  void TearDown() override {
    close();
    actor_test::TearDown();
  }

  /// Begins, or begins anew after a restart.
  void open() {
    outbox_environment environment;
    environment.log = &log;
    environment.views = [this] { return std::make_unique<const live_views>(*models->reader()); };
    environment.settings = &settings;
    environment.metrics = &counts;
    environment.make_sender = [this](const std::string& lane) {
      auto& way = ways[lane];
      if (!way) way = std::make_shared<scripted_carrier>();
      return system.spawn(outbox_sender, outbox_sender_environment{&log, {}, way, &stopping});
    };
    environment.now = [this] { return now; };
    environment.wall_now = [this] { return instant(1'750'000'000s) + now; };
    environment.random = [] { return 1.0; };
    letters = system.spawn(outbox, environment);
    caf::anon_send_exit(runner, caf::exit_reason::user_shutdown);
    runner = system.spawn(projection_runner, models.get(), &feed, &gate, std::vector<caf::actor>{hub, letters});
    caf::anon_send(letters, open_outbox{writer});
    run();
  }

  void close() {
    caf::anon_send_exit(letters, caf::exit_reason::user_shutdown);
    letters = nullptr;
    run();
  }

  /// Commits an event of a project with requests that follow from it.
  std::vector<notification_id> request(std::size_t count, const std::string& channel = "email", const std::string& recipient = "coordinator") {
    auto append = std::make_shared<eventstore::append_request>();
    const project_id project{make_uuid_v7(1'000 + ++projects)};
    auto& events = append->appends.emplace_back(eventstore::stream_append{stream_id::of(project), {}, {}}).events;
    event cause;
    cause.id = {make_uuid_v7(5'000)};
    cause.type = "project.created";
    cause.source = "crm";
    cause.source_ref = cause.id.to_string();
    cause.occurred_at = cause.recorded_at = instant(1'750'000'000s) + now;
    events.push_back(cause);
    std::vector<notification_id> ids;
    for (std::size_t i = 0; i < count; ++i) {
      ids.push_back({make_uuid_v7(6'000)});
      event e = cause;
      e.id = {make_uuid_v7(5'500)};
      e.type = notification_type::requested;
      e.kind = event_kind::derived;
      e.source.clear();
      e.source_ref.clear();
      e.causation_id = cause.id;
      e.data = fmt::format(R"({{"notification_id":"{}","anomaly_id":"{}","rule_id":"R-{}","rule_name":"r","channel":"{}","recipient":"{}","reason":"raised","severity":"critical","scope":"project","entity":""}})",
                           ids.back().to_string(), make_uuid_v7(7'000).to_string(), i, channel, recipient);
      events.push_back(std::move(e));
    }
    append_job job;
    job.request = std::move(append);
    job.sender = caf::actor_cast<caf::actor>(asker);
    caf::anon_send(writer, std::move(job));
    run();
    return ids;
  }

  void pass(milliseconds time) {
    now += time;
    caf::anon_send(letters, outbox_tick{});
    run();
  }

  command_reply retry(const notification_id& id) {
    command_reply got;
    caf::anon_send(letters, retry_notification{id, "anna", command_completion([&](command_reply reply) { got = std::move(reply); })});
    run();
    return got;
  }

  projections::notification_row row(const notification_id& id) {
    const auto found = projections::find_notification(*models->reader(), id);
    EXPECT_TRUE(found);
    return found.value_or(projections::notification_row{});
  }

  std::vector<recorded_event> reports() {
    std::vector<recorded_event> events;
    log.read_stream(stream_id::outbox(), {1}, [&](const recorded_event& e) {
      events.push_back(e);
      return true;
    });
    return events;
  }

  nlohmann::json listed(projections::notification_query query = {}, const projections::read_models* of = nullptr) {
    query.page.limit = 200;
    return nlohmann::json::parse(projections::list_notifications(*(of ? of : models.get())->reader(), query).items);
  }

  outbox_settings settings;
  outbox_metrics counts;
  std::atomic<bool> stopping{false};
  milliseconds now{0};
  std::map<std::string, std::shared_ptr<scripted_carrier>> ways;
  caf::actor letters;
  caf::scoped_actor asker{system};
  std::int64_t projects = 0;
};

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
    caf::anon_send(letters, retry_notification{id, "", command_completion([&](const command_reply& reply) { answers.push_back(reply.what); })});
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

TEST_F(outbox_test, views_built_again_equal_the_live_ones_and_send_nothing) {
  ways["email"] = std::make_shared<scripted_carrier>();
  ways["email"]->script = {refusal("550"), put_off("later"), refusal("551")};
  const auto ids = request(5);
  request(4, "ticket", "sav");
  retry(ids[0]);
  pass(1s);
  auto again = projections::read_models::in_memory(log, domain_settings{});
  for (auto events = again->read_next(3); !events.empty(); events = again->read_next(3)) again->apply(events);
  EXPECT_EQ(listed({}, again.get()), listed());
  EXPECT_EQ(listed().size(), 9u);
  const auto of = [](const projections::read_models& m) {
    std::map<std::string, std::uint64_t> by;
    for (const auto& each : projections::notification_counts(*m.reader())) by[each.channel + std::string(to_string(each.status))] = each.count;
    std::erase_if(by, [](const auto& each) { return each.second == 0; });
    return by;
  };
  EXPECT_EQ(of(*again), of(*models));
  EXPECT_THAT(of(*models), ElementsAre(std::pair("emailfailed", 1u), std::pair("emailsent", 4u), std::pair("ticketsent", 4u)));

  const auto carried = ways["email"]->carried.size();
  models = std::move(again);
  close();
  open();
  EXPECT_EQ(ways["email"]->carried.size(), carried);
}

TEST_F(outbox_test, a_history_is_marked_sent_in_few_appends_and_nobody_is_told) {
  close();
  settings.mode = outbox_mode::log_only;
  open();
  for (int i = 0; i < 5; ++i) request(1'000);
  request(10, "ticket", "crm");
  bool drained = false;
  caf::anon_send(letters, drain_outbox{false, completion<bool>([&](bool yes) { drained = yes; })});
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
  caf::anon_send(letters, drain_outbox{true, completion<bool>([&](bool yes) { stopped = yes; })});
  run();
  EXPECT_TRUE(stopped);
  pass(10s);
  EXPECT_EQ(ways["email"]->carried.size(), 1u);
  EXPECT_EQ(row(id).status, notification_status::pending);
}

TEST_F(outbox_test, the_stream_announces_what_became_of_it) {
  request(1);
  const auto messages = stream.read({0}, 100).messages;
  const auto& text = messages.back()->text;
  EXPECT_THAT(text, HasSubstr("event: notification.sent\n"));
  for (const char* field : {"project_id", "anomaly_id", "rule_id", "severity", "notification_id"}) EXPECT_THAT(text, HasSubstr(field));
  EXPECT_TRUE(messages.back()->project);
  EXPECT_EQ(messages.back()->severity, "critical");
}

TEST_F(outbox_test, a_list_is_filtered_and_paged_newest_first) {
  ways["email"] = std::make_shared<scripted_carrier>();
  ways["email"]->script = {refusal("550")};
  const auto mails = request(5);
  const auto tickets = request(3, "ticket", "crm");
  projections::notification_query query;
  query.page.limit = 3;
  std::vector<std::string> walked;
  for (;;) {
    const auto page = projections::list_notifications(*models->reader(), query);
    EXPECT_EQ(page.total, 8u);
    for (const auto& item : nlohmann::json::parse(page.items)) walked.push_back(item["notification_id"]);
    if (!page.next) break;
    query.page.after = page.next;
  }
  std::vector<std::string> newest_first;
  for (auto id = tickets.rbegin(); id != tickets.rend(); ++id) newest_first.push_back(id->to_string());
  for (auto id = mails.rbegin(); id != mails.rend(); ++id) newest_first.push_back(id->to_string());
  EXPECT_EQ(walked, newest_first);

  projections::notification_query failed;
  failed.status = notification_status::failed;
  EXPECT_EQ(listed(failed).size(), 1u);
  projections::notification_query of_project;
  of_project.project = row(mails[0]).project;
  EXPECT_EQ(listed(of_project).size(), 5u);
  of_project.channel = "ticket";
  EXPECT_EQ(listed(of_project).size(), 0u);
  projections::notification_query of_rule;
  of_rule.rule_id = "R-2";
  const auto page = projections::list_notifications(*models->reader(), of_rule);
  EXPECT_EQ(page.total, 2u);
  projections::notification_query of_anomaly;
  of_anomaly.anomaly_id = row(mails[3]).anomaly_id;
  EXPECT_EQ(listed(of_anomaly).size(), 1u);
}

}  // namespace
}  // namespace plo::actors::test
