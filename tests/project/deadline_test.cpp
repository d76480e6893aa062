// Deadlines and rules through the actors: what passes when, what every project sees of a change, what a crash leaves.
#include "tests/core/actor_fixture.hpp"

namespace plo::actors::test {
namespace {

/// One rule that waits an hour for a picking, and one that finds every incident on the way.
constexpr std::string_view picking_rule =
    R"({"id":"T-1","scope":"order","severity":"warning","deadline":{"anchor":"order.confirmed_at","offset":"PT1H"},"when":{"!":{"var":"order.steps.picking_preparation.started_at"}},"actions":[{"do":"notify","to":"ops"}]})";
constexpr std::string_view incident_rule = R"({"id":"T-2","scope":"order","severity":"critical","on":["shipment.exception"]})";

template <class Base>
class with_rules : public Base {
protected:
  void SetUp() override {
    this->keep_rules({picking_rule, incident_rule});
    Base::SetUp();
    auto environment = std::make_shared<entity_environment<rules_aggregate>>();
    environment->log = &this->log;
    environment->context = {&this->book, [this] { caf::anon_send(this->door, rules_published{}); }};
    environment->committer = this->writer;
    environment->metrics = &this->metrics;
    keeper = this->system.spawn(entity<rules_aggregate>, rules_aggregate::id_type{},
                                std::shared_ptr<const entity_environment<rules_aggregate>>(environment));
    this->run();
  }
  void TearDown() override {
    caf::anon_send_exit(keeper, caf::exit_reason::user_shutdown);
    keeper = nullptr;
    Base::TearDown();
  }

  void change(rules::rule_command command) {
    auto inputs = std::make_shared<std::vector<rule_input>>();
    inputs->push_back({std::make_shared<rules::rule_command>(std::move(command)), command_stamp{"anna", {}, {}, {}, 200, {}},
                       rule_completion([this](rule_reply reply) { answers.push_back(std::move(reply)); })});
    caf::anon_send(keeper, rule_inputs{std::move(inputs)});
  }
  void define(std::string_view definition) {
    rules::rule_command command;
    command.what = rules::rule_command::verb::define;
    command.rule = rule_of(definition);
    change(std::move(command));
  }

  post confirmed(const std::string& ref, std::string_view when) {
    return post("erp", "confirmed-" + ref, "order.confirmed").ref(ref).at(when).payload(R"({"order_ref":"O-)" + ref + "\"}");
  }
  project_id open(const std::string& ref, std::string_view when = "2025-06-15T08:00:00Z") {
    return this->ingest(post("erp", "open-" + ref, "project.created").ref(ref).at(when)).project;
  }
  /// Types of everything that was found in a project, in order.
  std::vector<std::string> findings(const project_id& id) {
    std::vector<std::string> types;
    for (const auto& e : this->stream_of(id))
      if (e.type.starts_with("anomaly.") || e.kind == event_kind::clock) types.push_back(e.type);
    return types;
  }
  position position_of(const project_id& id, std::string_view type) {
    for (const auto& e : this->stream_of(id))
      if (e.type == type) return e.pos;
    return {};
  }

  caf::actor keeper;
  std::vector<rule_reply> answers;
};

using deadline_test = with_rules<event_clock_test>;
using wall_deadline_test = with_rules<actor_test>;
using testing::ElementsAre;

TEST_F(deadline_test, a_deadline_passes_before_the_event_that_moves_the_clock_over_it) {
  const auto a = open("A"), b = open("B");
  send({confirmed("A", "2025-06-15T09:00:00Z"), post("erp", "later", "custom.seen").ref("B").at("2025-06-15T12:00:00Z")});
  run();
  EXPECT_THAT(findings(a), ElementsAre("deadline.passed", "anomaly.raised"));
  EXPECT_LT(position_of(a, "deadline.passed"), position_of(b, "custom.seen"));
  for (const auto& e : stream_of(a)) {
    if (e.type != "deadline.passed") continue;
    EXPECT_EQ(e.occurred_at, *parse_instant("2025-06-15T10:00:00Z"));
  }
}

TEST_F(deadline_test, deadlines_of_several_projects_pass_in_the_order_they_are_due) {
  const auto a = open("A"), b = open("B"), c = open("C");
  send({confirmed("A", "2025-06-15T09:30:00Z"), confirmed("B", "2025-06-15T09:10:00Z"), confirmed("C", "2025-06-15T09:20:00Z"),
        post("erp", "later", "custom.seen").ref("A").at("2025-06-20T00:00:00Z")});
  run();
  EXPECT_LT(position_of(b, "deadline.passed"), position_of(c, "deadline.passed"));
  EXPECT_LT(position_of(c, "deadline.passed"), position_of(a, "deadline.passed"));
}

TEST_F(deadline_test, an_event_at_the_very_instant_is_handled_first) {
  const auto a = open("A");
  send({confirmed("A", "2025-06-15T09:00:00Z"),
        post("erp", "picking", "picking.started").ref("A").at("2025-06-15T10:00:00Z").payload(R"({"order_ref":"O-A"})")});
  run();
  EXPECT_THAT(findings(a), ElementsAre("deadline.passed"));
  EXPECT_GT(position_of(a, "deadline.passed"), position_of(a, "picking.started"));
}

TEST_F(deadline_test, dead_letters_and_duplicates_move_the_clock_too) {
  const auto a = open("A"), b = open("B");
  ingest(confirmed("A", "2025-06-15T09:00:00Z"));
  ingest(post("erp", "lost", "order.confirmed").ref("nobody").at("2025-06-15T11:00:00Z"));
  EXPECT_THAT(findings(a), ElementsAre("deadline.passed", "anomaly.raised"));
  ingest(confirmed("B", "2025-06-15T11:30:00Z"));
  ingest(post("erp", "open-A", "project.created").ref("A").at("2025-06-15T13:00:00Z"));
  EXPECT_THAT(findings(b), ElementsAre("deadline.passed", "anomaly.raised"));
}

/// An engine of its own, for what is told more than once.
struct another : deadline_test {
  another() { SetUp(); }
  ~another() override { TearDown(); }
  void TestBody() override {}
  using deadline_test::answers, deadline_test::change, deadline_test::confirmed, deadline_test::ingest, deadline_test::open, deadline_test::run,
      deadline_test::run_shuffled, deadline_test::send, deadline_test::stream_of;
};

TEST_F(deadline_test, single_events_and_one_batch_end_in_the_same_stream) {
  const auto told = [](bool as_one) {
    another engine;
    const auto a = engine.open("A");
    std::vector<post> story{engine.confirmed("A", "2025-06-15T09:00:00Z"),
                            post("erp", "p-A", "picking.started").ref("A").at("2025-06-15T10:30:00Z").payload(R"({"order_ref":"O-A"})"),
                            post("tms", "x-A", "shipment.exception").ref("A").at("2025-06-15T11:00:00Z").payload(R"({"order_ref":"O-A"})")};
    if (as_one) {
      engine.send(std::move(story));
      engine.run();
    } else {
      for (auto& e : story) engine.ingest(e);
    }
    std::vector<std::pair<std::string, instant>> told_events;
    for (const auto& e : engine.stream_of(a)) told_events.emplace_back(e.type, e.occurred_at);
    return told_events;
  };
  const auto singly = told(false);
  EXPECT_EQ(told(true), singly);
  EXPECT_THAT(singly, ::testing::Contains(::testing::Key("deadline.passed")));
}

TEST_F(deadline_test, every_project_judges_by_new_rules_from_their_position_on) {
  int raised = 0;
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    another engine;
    const auto a = engine.open("A");
    engine.ingest(post("tms", "x-1", "shipment.exception").ref("A").payload(R"({"order_ref":"O-A"})"));
    rules::rule_command off;
    off.what = rules::rule_command::verb::change;
    off.rule_id = "T-2";
    off.rule = rule_of(R"({"id":"T-2","scope":"order","severity":"critical","on":["shipment.exception"],"active":false})");
    // The change and the event are on their way together: whichever is stored first decides.
    engine.change(std::move(off));
    engine.send({post("tms", "x-2", "shipment.exception").ref("A").payload(R"({"order_ref":"O-B"})")});
    engine.run_shuffled(seed);
    ASSERT_EQ(engine.answers.size(), 1u);
    for (const auto& e : engine.stream_of(a)) {
      if (e.type != "anomaly.raised") continue;
      EXPECT_LT(e.pos, engine.answers[0].pos) << "raised by a rule that was switched off before";
      ++raised;
    }
  }
  // The first exception always, the second in some of the orders.
  EXPECT_GT(raised, 40);
  EXPECT_LT(raised, 80);
}

TEST_F(deadline_test, an_append_decided_by_old_rules_is_decided_again) {
  for (std::uint32_t seed = 0; seed < 30; ++seed) {
    const auto ref = "S" + std::to_string(seed);
    const auto id = open(ref);
    define(R"({"id":"N-)" + std::to_string(seed) + R"(","scope":"order","severity":"warning","on":["picking.discrepancy"]})");
    send({post("erp", "d-" + ref, "picking.discrepancy").ref(ref).payload(R"({"order_ref":"O-)" + ref + "\"}")});
    run_shuffled(seed);
    const auto defined = answers.back().pos;
    std::size_t found = 0;
    position happened;
    for (const auto& e : stream_of(id)) {
      if (e.type == "picking.discrepancy") happened = e.pos;
      if (e.type == "anomaly.raised") ++found;
    }
    EXPECT_EQ(found, happened > defined ? seed + 1 : seed) << "seed " << seed << ": every rule that stood before the event, and no other";
  }
}

TEST_F(deadline_test, a_new_deadline_rule_reaches_projects_that_nobody_tells_anything) {
  const auto a = open("A"), b = open("B");
  ingest(confirmed("B", "2025-06-15T09:00:00Z"));
  define(R"({"id":"T-3","scope":"project","severity":"warning","deadline":{"anchor":"project.created_at","offset":"PT5H"}})");
  run();
  ingest(post("erp", "lost", "order.confirmed").ref("nobody").at("2025-06-15T15:00:00Z"));
  EXPECT_THAT(findings(a), ElementsAre("rules.changed", "deadline.passed", "anomaly.raised"));
  // Its next deadline was nearer already: nothing had to be noted.
  EXPECT_THAT(findings(b), ElementsAre("deadline.passed", "anomaly.raised", "deadline.passed", "anomaly.raised"));
}

TEST_F(deadline_test, a_restart_arms_from_the_read_models) {
  const auto a = open("A");
  ingest(confirmed("A", "2025-06-15T09:00:00Z"));
  for (const auto& actor : {door, writer, runner, hub}) caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  run();
  start(1000);
  ingest(post("erp", "lost", "order.confirmed").ref("nobody").at("2025-06-15T15:00:00Z"));
  EXPECT_THAT(findings(a), ElementsAre("deadline.passed", "anomaly.raised"));
}

TEST_F(wall_deadline_test, a_deadline_that_is_past_when_first_known_passes_in_the_same_commit) {
  const auto a = open("A");
  const auto reply = ingest(confirmed("A", "2025-06-15T09:00:00Z"));
  EXPECT_THAT(findings(a), ElementsAre("deadline.passed", "anomaly.raised"));
  EXPECT_TRUE(reply.anomalies.empty()) << "the event itself raised none";
  EXPECT_EQ(position_of(a, "order.confirmed"), reply.pos);
}

TEST_F(deadline_test, a_deadline_that_cannot_be_stored_is_tried_again) {
  const auto a = open("A");
  ingest(confirmed("A", "2025-06-15T09:00:00Z"));
  log.broken = true;
  EXPECT_EQ(ingest(post("erp", "lost-1", "order.confirmed").ref("nobody").at("2025-06-15T15:00:00Z")).what, outcome::unavailable);
  EXPECT_TRUE(findings(a).empty());
  EXPECT_EQ(metrics.deadlines_armed, 1u);
  log.broken = false;
  ingest(post("erp", "lost-2", "order.confirmed").ref("nobody").at("2025-06-15T15:00:02Z"));
  EXPECT_THAT(findings(a), ElementsAre("deadline.passed", "anomaly.raised"));
}

TEST_F(wall_deadline_test, commands_are_answered_with_what_became_of_them) {
  const auto a = open("A");
  const auto raised = ingest(post("tms", "x", "shipment.exception").ref("A").payload(R"({"order_ref":"O-A"})")).anomalies;
  ASSERT_EQ(raised.size(), 1u);
  std::vector<command_reply> replies_to_commands;
  const auto acknowledge = [&](const project_id& project, const std::string& anomaly) {
    event e;
    e.type = "anomaly.acknowledged";
    e.kind = event_kind::operator_;
    e.data = fmt::format(R"({{"anomaly_id":"{}"}})", anomaly);
    caf::anon_send(door, command_request{project, std::make_shared<event>(std::move(e)),
                                         command_completion([&](command_reply r) { replies_to_commands.push_back(std::move(r)); })});
    run();
    return replies_to_commands.back();
  };
  using result = command_reply::outcome;
  const auto done = acknowledge(a, raised[0]);
  EXPECT_EQ(done.what, result::done);
  EXPECT_EQ(done.pos, position_of(a, "anomaly.acknowledged"));
  EXPECT_EQ(acknowledge(a, raised[0]).what, result::refused);
  EXPECT_EQ(acknowledge(a, project_id{make_uuid_v7(3)}.to_string()).what, result::unknown);
  EXPECT_EQ(acknowledge(project_id{make_uuid_v7(3)}, raised[0]).what, result::unknown);
}

}  // namespace
}  // namespace plo::actors::test
