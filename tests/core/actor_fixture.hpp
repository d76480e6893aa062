// The engine's actors on CAF's test coordinator, over a log in memory that can be told to fail.
#pragma once

#include <random>

#include <caf/scheduler/test_coordinator.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/core/commit_feed.hpp"
#include "actors/core/committer.hpp"
#include "actors/project/directory.hpp"
#include "actors/rules/entity.hpp"
#include "actors/views/projection_runner.hpp"
#include "actors/views/stream_hub.hpp"
#include "eventstore/index/customers.hpp"
#include "eventstore/index/dead_letters.hpp"
#include "eventstore/index/references.hpp"
#include "eventstore/index/sources.hpp"
#include "eventstore/log_layout.hpp"
#include "projections/project/deadlines.hpp"
#include "projections/project/project_detail.hpp"
#include "projections/project/projects.hpp"
#include "projections/project/timeline.hpp"
#include "projections/registry.hpp"
#include "replay/rederive.hpp"

namespace plo::actors::test {

/// Forwards to a memory log; refuses appends while `broken`.
class breakable_log final : public eventstore::log {
public:
  bool broken = false;
  bool throws = false;  // what nobody expects
  int appends = 0;
  int outdated = 0;     // so many appends are refused, because somebody else wrote meanwhile
  mutable std::size_t portions = 0, letters_read = 0;  // of waiting dead letters

  std::vector<eventstore::append_outcome> append(std::vector<eventstore::append_request> group) override {
    if (broken) throw eventstore::store_error("no space left on device");
    ++appends;
    if (outdated > 0) {
      const auto why = outdated-- % 2 == 0 ? eventstore::append_error::version_conflict : eventstore::append_error::stale_read;
      return std::vector<eventstore::append_outcome>(group.size(), tl::unexpected(why));
    }
    return log_->append(std::move(group));
  }
  eventstore::log_head head() const override { return log_->head(); }
  const eventstore::kv_store& store() const override {
    if (throws) throw std::runtime_error("nobody expected this");
    return watched_;
  }
  void read(position from, const visitor& visit) const override { log_->read(from, visit); }
  std::optional<recorded_event> at(position pos) const override { return log_->at(pos); }
  void read_stream(const stream_id& stream, stream_version from, const visitor& visit) const override {
    log_->read_stream(stream, from, visit);
  }
  stream_version version_of(const stream_id& stream) const override { return log_->version_of(stream); }
  void each_stream(std::string_view after, const std::function<bool(const stream_id&)>& visit) const override { log_->each_stream(after, visit); }
  std::optional<std::string> stored_at(position pos) const override { return log_->stored_at(pos); }
  bool is_archived(position pos) const override { return log_->is_archived(pos); }
  const personal_fields& personal() const override { return log_->personal(); }
  bool has_key(const std::string& subject) const override { return log_->has_key(subject); }
  void purge_keys() override { log_->purge_keys(); }

private:
  /// Personal data is sealed, as in a server's log.
  static eventstore::privacy_options privacy() {
    eventstore::secret_key master{};
    master.fill(7);
    return {personal_fields(usual_personal_fields()), master};
  }
  /// Counts the portions in which waiting dead letters are read.
  class watched_store final : public eventstore::kv_store {
  public:
    explicit watched_store(const breakable_log& of) : of_(of) {}
    std::optional<std::string> get(eventstore::family where, std::string_view key) const override { return store().get(where, key); }
    void scan(eventstore::family where, std::string_view from, std::string_view until, const visitor& visit) const override {
      if (where != eventstore::layout::families::dead_letters || from == "R") return store().scan(where, from, until, visit);
      ++of_.portions;
      store().scan(where, from, until, [&](std::string_view key, std::string_view value) {
        ++of_.letters_read;
        return visit(key, value);
      });
    }
    void scan_back(eventstore::family where, std::string_view from, std::string_view until, const visitor& visit) const override {
      store().scan_back(where, from, until, visit);
    }
    void write(const eventstore::kv_batch&) override { throw std::logic_error("the log alone writes"); }
    void purge(const std::vector<eventstore::family>&) override {}
    void drop(const std::vector<eventstore::family>&) override {}
    std::unique_ptr<const eventstore::kv_reader> snapshot() const override { return store().snapshot(); }

  private:
    [[nodiscard]] const eventstore::kv_store& store() const { return of_.log_->store(); }
    const breakable_log& of_;
  };

  std::unique_ptr<eventstore::log> log_ = eventstore::make_memory_log(privacy());
  watched_store watched_{*this};
};

/// Builds an ingest event in one line: `post("erp", "R-1", "order.confirmed").ref("P").payload(R"({...})")`.
struct post {
  post(std::string source, std::string source_ref, std::string type) {
    e.source = std::move(source);
    e.source_ref = std::move(source_ref);
    e.type = std::move(type);
    e.occurred_at = *parse_instant("2025-06-15T10:00:00Z");
    e.payload = "{}";
  }
  post& ref(std::string project_ref) {
    e.project_ref = std::move(project_ref);
    return *this;
  }
  post& in(const project_id& id) {
    e.project = id;
    return *this;
  }
  post& at(std::string_view when) {
    e.occurred_at = *parse_instant(when);
    return *this;
  }
  post& customer(std::string id) {
    e.payload = fmt::format(R"({{"customer_id":"{}"}})", id);
    e.customer_id = std::move(id);
    return *this;
  }
  post& order(std::string order_ref) {
    e.payload = fmt::format(R"({{"order_ref":"{}"}})", order_ref);
    e.payload_order_ref = std::move(order_ref);
    return *this;
  }
  /// With the references in it, as whoever posts it finds them.
  post& payload(std::string json) {
    event with_data;
    with_data.data = json;
    const auto data = json_document::parse(json);
    auto named = posted_as(with_data, {}, data ? &*data : nullptr);
    e.payload_order_ref = std::move(named.payload_order_ref);
    e.shipment_id = std::move(named.shipment_id);
    e.lastmile_id = std::move(named.lastmile_id);
    e.installation_id = std::move(named.installation_id);
    e.customer_id = std::move(named.customer_id);
    e.payload = std::move(json);
    return *this;
  }
  ingest_event e;
};

inline rules::rule_pointer rule_of(std::string_view definition) {
  const auto document = json_document::parse(definition);
  return rules::parse_rule(document->root()).value();
}

class actor_test : public ::testing::Test {
protected:
  explicit actor_test(project_clock::mode mode = project_clock::mode::wall) : clock(mode) {}

  struct test_config : caf::actor_system_config {
    test_config() {
      set("scheduler.policy", caf::atom("testing"));
      set("logger.console", caf::atom("none"));
      set("logger.file-verbosity", caf::atom("quiet"));
    }
  };

  void SetUp() override {
    stream_reader = stream.subscribe({}, [] {});
    start(1000);
  }

  /// Into the log, as a start does.
  void keep_rules(std::initializer_list<std::string_view> definitions) {
    rules::rule_command load;
    load.what = rules::rule_command::verb::load_file;
    for (const auto definition : definitions) load.file.push_back(rule_of(definition));
    event like;
    like.id = {make_uuid_v7(1)};
    like.kind = event_kind::operator_;
    eventstore::append_request request;
    request.appends.push_back({stream_id::rules(), {}, rules::decide({}, load, like)->events});
    std::vector<eventstore::append_request> group;
    group.push_back(std::move(request));
    (void)log.append(std::move(group));
    for (auto events = models->read_next(1000); !events.empty(); events = models->read_next(1000)) models->apply(events);
    book.publish(std::make_shared<rules::rule_set>(load_rules(log)));
  }

  void start(std::size_t max_live, std::chrono::hours attach_period = std::chrono::hours(24 * 180)) {
    hub = system.spawn(stream_hub, &stream,
                       store_lookup([this](const project_id& id, position at) { return projections::store_of(*models->reader(), id, at); }));
    runner = system.spawn(projection_runner, models.get(), &feed, &gate, std::vector<caf::actor>{hub}, caf::actor{});
    writer = system.spawn(committer, static_cast<eventstore::log*>(&log), &feed, &metrics,
                          std::function<void()>([this] { caf::anon_send(runner, log_grown{}); }));
    directory_environment environment;
    environment.log = &log;
    environment.committer = writer;
    environment.clock = &clock;
    environment.metrics = &metrics;
    environment.finder = finding = {{"project.created", "inspiration.started", "quote_products.created"}, attach_period};
    environment.limits = limits;
    environment.max_live_projects = max_live;
    environment.rules = &book;
    environment.each_deadline = [this](const auto& visit) { projections::each_deadline(*models->reader(), visit); };
    environment.projects_after = [this](const project_id& after, std::size_t most) {
      return projections::projects_after(*models->reader(), after, most);
    };
    door = system.spawn(directory, std::move(environment));
    run();
  }

  void TearDown() override {
    for (const auto& actor : {door, writer, runner, hub}) caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    door = writer = runner = hub = nullptr;
    run();
    if (!is_rederived) return;
    // Whatever a test has brought into the log must follow from what stands before it.
    replay::rederive_options options;
    options.decider_at_first = decider_version;
    options.finding_at_first = finding;
    options.wall_at_first = clock.running() == project_clock::mode::wall;
    const auto report = replay::rederive(log, options);
    EXPECT_TRUE(report.ok()) << replay::to_json(report);
  }

  /// Delivers every message, in the order in which actors became ready.
  void run() { coordinator().run(); }

  /// The same in an order drawn from a seed.
  void run_shuffled(std::uint32_t seed) {
    std::mt19937 random(seed);
    auto& jobs = coordinator().jobs;
    while (!jobs.empty()) {
      std::rotate(jobs.begin(), jobs.begin() + static_cast<std::ptrdiff_t>(random() % jobs.size()), jobs.end());
      coordinator().run_once();
    }
  }

  caf::scheduler::test_coordinator& coordinator() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  }

  /// Sends events as one request; replies come into `replies`, in the order of the events.
  std::size_t send(std::vector<post> events) {
    auto items = std::make_shared<std::vector<ingest_item>>();
    const auto first = replies.size();
    replies.resize(first + events.size());
    for (std::size_t i = 0; i < events.size(); ++i)
      items->push_back({std::move(events[i].e), ingest_completion([this, slot = first + i](ingest_reply reply) {
                          replies[slot] = std::move(reply);
                        })});
    caf::anon_send(door, ingest_request{std::move(items)});
    return first;
  }

  /// Sends one event and delivers everything.
  ingest_reply ingest(post event) {
    const auto slot = send({std::move(event)});
    run();
    EXPECT_TRUE(replies[slot].has_value()) << "nobody answered";
    return replies[slot].value_or(ingest_reply{});
  }

  /// Gives a command on a project and delivers everything.
  command_reply command(const project_id& id, std::string_view type, std::string data = "{}", std::string comment = "") {
    auto input = std::make_shared<event>();
    input->kind = event_kind::operator_;
    input->type = type;
    input->data = std::move(data);
    input->comment = std::move(comment);
    auto answer = std::make_shared<std::optional<command_reply>>();
    caf::anon_send(door, command_request{id, std::move(input), command_completion([answer](command_reply reply) { *answer = std::move(reply); })});
    run();
    EXPECT_TRUE(answer->has_value()) << "nobody answered";
    return answer->value_or(command_reply{});
  }

  /// Attaches a dead letter to a project by hand, or discards it, and delivers everything.
  command_reply settle_letter(const dead_letter_id& id, std::optional<project_id> project, std::string comment = "") {
    auto answer = std::make_shared<std::optional<command_reply>>();
    caf::anon_send(door, letter_request{*eventstore::find_dead_letter(log, id), project, {{}, std::move(comment)},
                                        command_completion([answer](command_reply reply) { *answer = std::move(reply); })});
    run();
    EXPECT_TRUE(answer->has_value()) << "nobody answered";
    return answer->value_or(command_reply{});
  }

  /// Erases a customer and delivers everything.
  command_reply erase(std::string customer_id) {
    auto answer = std::make_shared<std::optional<command_reply>>();
    caf::anon_send(door, erase_request{std::move(customer_id), {}, "", command_completion([answer](command_reply reply) { *answer = std::move(reply); })});
    run();
    EXPECT_TRUE(answer->has_value()) << "nobody answered";
    return answer->value_or(command_reply{});
  }

  std::vector<recorded_event> stream_of(const project_id& id) {
    std::vector<recorded_event> events;
    log.read_stream(stream_id::of(id), {1}, [&](const recorded_event& e) {
      events.push_back(e);
      return true;
    });
    return events;
  }

  /// The types of a project's events that no decider added.
  std::vector<std::string> inputs_of(const project_id& id) {
    std::vector<std::string> types;
    for (const auto& e : stream_of(id))
      if (e.kind != event_kind::derived) types.push_back(e.type);
    return types;
  }

  using outcome = ingest_reply::outcome;

  ingest_limits limits;
  finding_settings finding;
  bool is_rederived = true;  // false: the test writes into the log what no decider did
  test_config config;
  rule_book book{std::make_shared<const rules::rule_set>()};
  breakable_log log;
  std::unique_ptr<projections::read_models> models = projections::read_models::in_memory(log, projections::all_views({}));
  engine_metrics metrics;
  project_clock clock;
  commit_feed feed{1000};
  applied_gate gate;
  stream_feed stream{1000};
  stream_feed::reader_id stream_reader = 0;
  /// All that the live stream has said.
  stream_messages told() { return stream.read(stream_reader, {0}, 1000).messages; }
  std::vector<std::optional<ingest_reply>> replies;
  caf::actor_system system{config};
  caf::actor hub, runner, writer, door;
};

/// The same with deadlines that run on the events' own time.
class event_clock_test : public actor_test {
protected:
  event_clock_test() : actor_test(project_clock::mode::event) {}
};

}  // namespace plo::actors::test
