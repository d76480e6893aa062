// Each of the product's read models with a later schema: built beside the others it equals the live one, in an engine that is at work.
#include <thread>

#include "actors/engine.hpp"
#include "actors/upkeep/eraser.hpp"
#include "eventstore/kv/scratch_folder.hpp"
#include "projections/project/kpis.hpp"
#include "tests/core/actor_fixture.hpp"
#include "tests/views/rows.hpp"

namespace plo::actors::test {
namespace {

using projections::read_models;
using projections::view_plan;
using ::testing::Contains;
using ::testing::IsEmpty;

/// The same projection, as a build would have it that has counted its schema up.
class later final : public projections::projection {
public:
  explicit later(std::unique_ptr<projections::projection> same) : same_(std::move(same)) {}
  projections::row_family rows() const override { return same_->rows(); }
  std::uint32_t schema_version() const override { return same_->schema_version() + 1; }
  bool is_acted_on() const override { return same_->is_acted_on(); }
  void apply(projections::event_pointers events, const projections::row_reader& views, projections::row_batch& batch) override {
    same_->apply(events, views, batch);
  }
  void load(const projections::row_reader& views) override { same_->load(views); }
  void publish() override { same_->publish(); }

private:
  std::unique_ptr<projections::projection> same_;
};

view_plan with_later(std::string_view name) {
  return {[name = std::string(name), make = projections::all_views({}).make](const projections::view_context& context) {
    auto modules = make(context);
    const auto change = [&](std::unique_ptr<projections::projection>& p) {
      if (p && p->name() == name) p = std::make_unique<later>(std::move(p));
    };
    for (auto& module : modules) {
      change(module.shared);
      for (auto& p : module.projections) change(p);
    }
    return modules;
  }};
}

class changed_view_test : public event_clock_test {
protected:
  void SetUp() override {
    keep_rules({R"({"id":"T-1","scope":"order","severity":"critical","on":["shipment.exception"]})"});
    event_clock_test::SetUp();
    for (int i = 0; i < 30; ++i) {
      const auto project = fmt::format("P-{}", i % 7), order = fmt::format("O-{}", i % 7);
      const auto at = format_instant(*parse_instant("2025-06-01T08:00:00Z") + std::chrono::hours(3 * i));
      const auto with = [&](std::string_view type, std::string payload) {
        ingest(post("erp", fmt::format("{}-{}", type, i), std::string(type)).ref(project).at(at).payload(std::move(payload)));
      };
      with("project.created", fmt::format(R"({{"store_id":"S{}","project_type":"kitchen","customer_id":"C{}","customer_name":"Zoë {}"}})", i % 3, i % 4, i % 4));
      with("order.confirmed", fmt::format(R"({{"order_ref":"{}","promised_delivery_date":"2025-06-05","lines":[{{"sku":"A","qty":1}}]}})", order));
      if (i % 3 == 0) with("shipment.exception", fmt::format(R"({{"order_ref":"{0}","shipment_id":"SH-{0}"}})", order));
      if (i % 5 == 0) ingest(post("tms", fmt::format("lost-{}", i), "shipment.in_transit").ref("nobody").at(at));
    }
    // The engine's tests begin with these rows and this log.
    const auto stored = read_models::open(folder.path(), log, projections::all_views({}));
    for (auto events = stored->read_next(100); !events.empty(); events = stored->read_next(100)) stored->apply(events);
  }

  eventstore::scratch_folder folder{"changed-view"};
};

TEST_F(changed_view_test, built_beside_the_others_it_equals_the_live_one) {
  const auto families = projections::all_rows(log);
  for (const auto& changed : families) {
    for (const std::size_t step : {1u, 7u, 100'000u}) {
      const eventstore::scratch_folder copied("changed-view");
      std::filesystem::copy(folder.path(), copied.path(), std::filesystem::copy_options::recursive);
      const auto beside = read_models::open(copied.path(), log, with_later(changed.name));
      EXPECT_EQ(beside->checkpoint(), log.head().last) << changed.name;
      EXPECT_THAT(beside->building().names, Contains(std::string(changed.name)));
      while (beside->build(step)) {
      }
      for (const auto& family : families)
        EXPECT_EQ(projections::rows_of(*beside, family), projections::rows_of(*models, family)) << family.name << " beside " << changed.name << ", steps of " << step;
      auto views = beside->read();
      EXPECT_EQ(projections::list_projects(views, {}).total, 7u) << changed.name;
    }
  }
}

engine_options quiet_options() {
  engine_options options;
  options.finding = {{"project.created"}, std::chrono::hours(24)};
  options.outbox.mode = outbox_mode::log_only;
  return options;
}

/// A copy of the log, which the engine will own.
std::unique_ptr<eventstore::log> copied(const eventstore::log& from) {
  auto copy = eventstore::make_memory_log();
  from.read({1}, [&](const recorded_event& e) {
    eventstore::append_request request;
    request.appends.push_back({e.stream, {}, {static_cast<const event&>(e)}});
    std::vector<eventstore::append_request> group;
    group.push_back(std::move(request));
    (void)copy->append(std::move(group));
    return true;
  });
  return copy;
}

TEST_F(changed_view_test, the_engine_builds_it_while_it_works) {
  auto own = copied(log);
  auto views = read_models::open(folder.path(), *own, with_later("kpis"));
  const engine running(quiet_options(), std::move(own), std::move(views));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!running.building().names.empty() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  ASSERT_THAT(running.building().names, IsEmpty());
  auto built = running.read(), live = models->read();
  const projections::kpi_query query{*parse_day("2025-05-20"), *parse_day("2025-07-20"), "", ""};
  EXPECT_EQ(projections::kpis_json(built, query), projections::kpis_json(live, query));
}

TEST_F(changed_view_test, what_was_erased_is_purged_once_nothing_is_built_any_more) {
  ASSERT_EQ(erase("C1").what, command_reply::outcome::done);
  auto beside = read_models::open(folder.path(), log, with_later("kpis"));
  const auto purges = [this] {
    int found = 0;
    log.read_stream(stream_id::privacy(), {1}, [&](const recorded_event& e) {
      found += e.type == "privacy.purged";
      return true;
    });
    return found;
  };
  auto erasing = system.spawn(eraser, eraser_environment{&log, beside.get()});
  caf::anon_send(erasing, open_eraser{writer});
  run();
  EXPECT_EQ(purges(), 0);
  while (beside->build(1000)) {
  }
  caf::anon_send(erasing, views_built{});
  caf::anon_send(erasing, views_built{});
  run();
  EXPECT_EQ(purges(), 1);
  caf::anon_send_exit(erasing, caf::exit_reason::user_shutdown);
  run();
}

TEST_F(changed_view_test, what_actors_act_on_is_there_before_them) {
  auto own = copied(log);
  auto views = read_models::open(folder.path(), *own, with_later("deadlines"));
  ASSERT_THAT(views->building().names, Contains("deadlines"));
  const engine running(quiet_options(), std::move(own), std::move(views));
  EXPECT_THAT(running.building().names, IsEmpty());
}

}  // namespace
}  // namespace plo::actors::test
