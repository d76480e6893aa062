// From commits to rows and messages: checkpoints, feeds that overflow, and the live stream.
#include <nlohmann/json.hpp>

#include "actors/core/deadline_queue.hpp"
#include "tests/core/actor_fixture.hpp"

namespace plo::actors::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> names_of(const stream_messages& messages) {
  std::vector<std::string> names;
  for (const auto& m : messages) {
    const auto begin = m->text.find("event: ") + 7;
    names.push_back(m->text.substr(begin, m->text.find('\n', begin) - begin));
  }
  return names;
}

nlohmann::json rows_of(const projections::read_models& models) {
  projections::project_query query;
  query.order = projections::project_order::created_at;
  query.page.limit = 200;
  auto views = models.read();
  return nlohmann::json::parse(projections::list_projects(views, query).items);
}

TEST_F(actor_test, read_models_follow_the_log) {
  const auto opened = ingest(post("crm", "E-1", "project.created").ref("X").payload(R"({"store_id":"S-1"})"));
  EXPECT_EQ(models->checkpoint(), log.head().last);
  EXPECT_EQ(gate.applied(), log.head().last);
  EXPECT_EQ(models->events_folded(), log.head().last.value);
  const domain_settings settings;
  const auto document = nlohmann::json::parse(*projections::find_project(log, opened.project, {*book.current(), settings, *models->reader(), {}}));
  EXPECT_EQ(document["store_id"], "S-1");
  EXPECT_EQ(document["project_refs"], nlohmann::json({"X"}));
  EXPECT_EQ(document["position"], log.head().last.value);
}

TEST_F(actor_test, read_models_built_again_equal_the_live_ones) {
  for (int i = 0; i < 20; ++i) {
    const auto ref = fmt::format("X-{}", i % 5);
    ingest(post("crm", fmt::format("P-{}", i), "project.created").ref(ref));
    ingest(post("erp", fmt::format("O-{}", i), "order.confirmed").ref(ref).order(fmt::format("O-{}", i)));
  }
  const auto again = projections::read_models::in_memory(log, projections::all_views({}));
  for (auto events = again->read_next(7); !events.empty(); events = again->read_next(7)) again->apply(events);
  EXPECT_EQ(rows_of(*again), rows_of(*models));
  EXPECT_EQ(again->checkpoint(), models->checkpoint());
}

TEST_F(actor_test, a_feed_that_overflows_loses_nothing) {
  std::vector<post> lines;
  for (int i = 0; i < 400; ++i)
    lines.push_back(post("crm", fmt::format("P-{}", i), "project.created").ref(fmt::format("X-{}", i)));
  send(std::move(lines));
  // The runner sees nothing of it until far more than the feed's capacity is committed.
  for (int i = 0; i < 5; ++i) {
    std::vector<post> more;
    for (int j = 0; j < 400; ++j)
      more.push_back(post("erp", fmt::format("M-{}-{}", i, j), "custom.seen").ref(fmt::format("X-{}", j)));
    send(std::move(more));
  }
  run();
  EXPECT_EQ(models->checkpoint(), log.head().last);
  EXPECT_EQ(models->events_folded(), log.head().last.value);
}

TEST_F(actor_test, a_gap_is_refused_by_the_read_models) {
  ingest(post("crm", "E-1", "project.created").ref("X"));
  std::vector<recorded_event> far{*log.at({1})};
  far[0].pos.value = 100;
  EXPECT_THROW(models->apply(far), eventstore::store_error);
}

TEST_F(actor_test, waiting_for_a_position_ends_when_it_is_applied) {
  int reached = 0;
  gate.wait({1}, [&] { ++reached; });
  EXPECT_EQ(reached, 0);
  ingest(post("crm", "E-1", "project.created").ref("X"));
  EXPECT_EQ(reached, 1);
  gate.wait({1}, [&] { ++reached; });
  EXPECT_EQ(reached, 2);
  const auto id = gate.wait({1000}, [&] { ++reached; });
  EXPECT_TRUE(gate.cancel({1000}, id));
  EXPECT_FALSE(gate.cancel({1000}, id));
}

TEST_F(actor_test, the_stream_announces_each_input_once_under_its_own_position) {
  ingest(post("crm", "E-1", "project.created").ref("X"));
  ingest(post("crm", "E-2", "inspiration.started").ref("X"));
  ingest(post("erp", "E-3", "order.confirmed").ref("nobody"));
  ingest(post("crm", "E-4", "project.closed").ref("X"));
  const auto portion = stream.read(stream_reader, {0}, 100);
  EXPECT_FALSE(portion.behind);
  EXPECT_THAT(names_of(portion.messages),
              ElementsAre("project.opened", "project.updated", "dead_letter.added", "project.closed"));
  EXPECT_EQ(portion.upto, log.head().last);
  for (std::size_t i = 1; i < portion.messages.size(); ++i)
    EXPECT_GT(portion.messages[i]->pos, portion.messages[i - 1]->pos);
  EXPECT_THAT(portion.messages[0]->text, HasSubstr("id: 1\nevent: project.opened\ndata: {\"position\":1,"));
}

TEST_F(actor_test, the_stream_read_from_the_log_again_says_the_same) {
  ingest(post("crm", "E-1", "project.created").ref("X").payload(R"({"store_id":"S"})"));
  ingest(post("erp", "E-2", "order.confirmed").ref("X").order("O-1"));
  ingest(post("erp", "E-3", "order.confirmed").ref("nobody"));
  std::vector<recorded_event> events;
  log.read({1}, [&](const recorded_event& e) {
    events.push_back(e);
    return true;
  });
  const auto again = messages_of(events, [this](const project_id& id, position at) { return projections::store_of(*models->reader(), id, at); });
  const auto live = told();
  ASSERT_EQ(again.size(), live.size());
  for (std::size_t i = 0; i < live.size(); ++i) EXPECT_EQ(again[i]->text, live[i]->text);
}

TEST_F(actor_test, a_source_cannot_forge_an_anomaly_on_the_stream) {
  ingest(post("crm", "E-1", "project.created").ref("X"));
  ingest(post("crm", "E-2", "anomaly.raised").ref("X"));
  EXPECT_THAT(names_of(told()), ElementsAre("project.opened", "project.updated"));
}

TEST(stream_feed_test, a_reader_that_falls_behind_is_sent_to_the_log) {
  stream_feed feed(10);
  stream_messages messages;
  for (std::uint64_t i = 1; i <= 25; ++i) {
    auto message = std::make_shared<stream_message>();
    message->pos = {i};
    messages.push_back(std::move(message));
  }
  const auto reader = feed.subscribe({}, [] {});
  feed.publish(messages, {25});
  EXPECT_TRUE(feed.read(reader, {3}, 100).behind);
  EXPECT_EQ(feed.read(reader, {3}, 100).upto.value, 15u);
  const auto kept = feed.read(reader, {15}, 4);
  EXPECT_FALSE(kept.behind);
  EXPECT_EQ(kept.messages.front()->pos.value, 16u);
  EXPECT_EQ(kept.upto.value, 19u);
  EXPECT_EQ(feed.read(reader, {25}, 4).messages.size(), 0u);
}

TEST(stream_feed_test, who_waits_for_something_else_is_not_woken) {
  stream_feed feed(10);
  const project_id followed{make_uuid_v7(1)}, other{make_uuid_v7(2)};
  stream_filter of_project, of_store, critical;
  of_project.project = followed;
  of_store.store_id = "FR-LYON";
  critical.severity = "critical";
  int project_wakes = 0, store_wakes = 0, critical_wakes = 0;
  const auto project_reader = feed.subscribe(of_project, [&] { ++project_wakes; });
  const auto store_reader = feed.subscribe(of_store, [&] { ++store_wakes; });
  const auto critical_reader = feed.subscribe(critical, [&] { ++critical_wakes; });
  std::uint64_t last = 0;
  const auto publish = [&](const project_id& project, std::string store) {
    auto message = std::make_shared<stream_message>();
    message->pos = {++last};
    message->project = project;
    message->store_id = std::move(store);
    feed.publish({message}, {last});
  };
  for (const auto reader : {project_reader, store_reader, critical_reader}) EXPECT_TRUE(feed.read(reader, {0}, 10).messages.empty());
  publish(other, "FR-PARIS");
  EXPECT_EQ(project_wakes + store_wakes + critical_wakes, 0);
  publish(followed, "FR-PARIS");
  publish(other, "FR-LYON");
  EXPECT_EQ(project_wakes, 1);
  EXPECT_EQ(store_wakes, 1);
  EXPECT_EQ(critical_wakes, 0);
  EXPECT_EQ(feed.read(project_reader, {0}, 10).messages.size(), 1u);
  // Thousands of messages that were not for it put nobody behind.
  for (int i = 0; i < 100; ++i) publish(other, "FR-PARIS");
  EXPECT_FALSE(feed.read(critical_reader, {0}, 10).behind);
  EXPECT_EQ(feed.read(critical_reader, {0}, 10).upto.value, last);
  EXPECT_TRUE(feed.read(store_reader, {0}, 10).behind) << "what was for it is only in the log now";
  for (const auto reader : {project_reader, store_reader, critical_reader}) feed.unsubscribe(reader);
  EXPECT_EQ(feed.subscribers(), 0u);
}

TEST(stream_filter_test, every_given_field_must_match) {
  stream_message message;
  message.topic = stream_topic::projects;
  message.project = project_id{make_uuid_v7(1)};
  message.store_id = "S";
  EXPECT_TRUE(stream_filter{}.matches(message));
  stream_filter filter;
  filter.topics = static_cast<unsigned>(stream_topic::anomalies);
  EXPECT_FALSE(filter.matches(message));
  filter.topics |= static_cast<unsigned>(stream_topic::projects);
  EXPECT_TRUE(filter.matches(message));
  filter.store_id = "T";
  EXPECT_FALSE(filter.matches(message));
}

TEST(deadline_queue_test, deadlines_come_due_in_order_and_move_when_armed_again) {
  deadline_queue<project_id> queue;
  const project_id a{make_uuid_v7(1)}, b{make_uuid_v7(2)};
  const auto at = [](int ms) { return instant(milliseconds(ms)); };
  queue.arm(a, at(30));
  queue.arm(b, at(20));
  queue.arm(a, at(10));
  EXPECT_FALSE(queue.pop_due(at(9)));
  EXPECT_EQ(queue.pop_due(at(20))->second, a);
  EXPECT_EQ(queue.pop_due(at(20))->second, b);
  EXPECT_FALSE(queue.pop_due(at(1000)));
  queue.arm(a, at(5));
  queue.arm(a, {});
  EXPECT_EQ(queue.size(), 0u);
}

}  // namespace
}  // namespace plo::actors::test
