// The outbox over the actor fixture, with carriers that do as the test says.
#pragma once

#include <nlohmann/json.hpp>

#include "actors/outbox/outbox.hpp"
#include "actors/outbox/sender.hpp"
#include "actors/project/message_composer.hpp"
#include "projections/outbox/notifications.hpp"
#include "tests/core/actor_fixture.hpp"

namespace plo::actors::test {

using namespace std::chrono_literals;

/// Delivers, unless the script says something else; keeps what it was given.
class scripted_carrier final : public carrier {
public:
  attempt carry(const parcel& parcel) override {
    carried.push_back(parcel.request.id);
    rule_ids.push_back(parcel.request.rule_id);
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

inline attempt refusal(std::string words) {
  attempt result;
  result.refused.push_back({"a@example.org", std::move(words)});
  return result;
}
inline attempt put_off(std::string words, bool way_was_free = true) {
  attempt result;
  result.try_again = true;
  result.way_was_free = way_was_free;
  result.error = std::move(words);
  return result;
}

/// The scripted carriers ask for no words.
inline const auto no_texts = std::make_shared<const notifications::message_templates>();

class outbox_test : public actor_test {
protected:
  void SetUp() override {
    is_rederived = false;  // requests are written by hand
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
    environment.views = [this] { return models->reader(); };  // a snapshot of a store in memory would be a copy of it
    environment.settings = &settings;
    environment.metrics = &counts;
    environment.make_sender = [this](const std::string& lane) {
      auto& way = ways[lane];
      if (!way) way = std::make_shared<scripted_carrier>();
      return system.spawn(outbox_sender, outbox_sender_environment{&log, compose_project_messages(log, {no_texts, {}, {}}), way, &stopping});
    };
    environment.now = [this] { return now; };
    environment.wall_now = [this] { return instant(1'750'000'000s) + now; };
    environment.random = [] { return 1.0; };
    sending = system.spawn(outbox, environment);
    caf::anon_send_exit(runner, caf::exit_reason::user_shutdown);
    runner = system.spawn(projection_runner, models.get(), &feed, &gate, std::vector<caf::actor>{hub, sending}, caf::actor{});
    caf::anon_send(sending, open_outbox{writer});
    run();
  }

  void close() {
    caf::anon_send_exit(sending, caf::exit_reason::user_shutdown);
    sending = nullptr;
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
    caf::anon_send(sending, outbox_tick{});
    run();
  }

  command_reply retry(const notification_id& id) {
    command_reply got;
    caf::anon_send(sending, retry_notification{id, command_stamp{"anna", {}, {}, {}, 200, {}}, command_completion([&](command_reply reply) { got = std::move(reply); })});
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
    auto views = (of ? of : models.get())->read();
    return nlohmann::json::parse(projections::list_notifications(views, query).items);
  }

  outbox_settings settings;
  outbox_metrics counts;
  std::atomic<bool> stopping{false};
  milliseconds now{0};
  std::map<std::string, std::shared_ptr<scripted_carrier>> ways;
  caf::actor sending;
  caf::scoped_actor asker{system};
  std::int64_t projects = 0;
};

}  // namespace plo::actors::test
