// Read models built again from the log, in steps of any size, equal the live ones: every row, and what the indexes answer.
#include <random>

#include "domain/rules/rule_set.hpp"
#include "projections/project/anomalies.hpp"
#include "projections/project/dead_letters.hpp"
#include "projections/project/exports.hpp"
#include "projections/project/kpis.hpp"
#include "tests/core/actor_fixture.hpp"
#include "tests/views/rows.hpp"

namespace plo::actors::test {
namespace {

class rebuild_test : public event_clock_test {
protected:
  void SetUp() override {
    keep_rules({R"({"id":"T-1","scope":"order","severity":"warning","deadline":{"anchor":"order.confirmed_at","offset":"PT1H"},"when":{"!":{"var":"order.steps.picking_preparation.started_at"}}})",
                R"({"id":"T-2","scope":"order","severity":"critical","on":["shipment.exception"]})"});
    event_clock_test::SetUp();
  }

  /// A few hundred events of a few projects that move between stores, customers and states.
  void live(std::uint32_t seed) {
    std::mt19937 random(seed);
    const auto below = [&random](std::uint32_t n) { return random() % n; };
    const auto one_of = [&](std::string_view prefix, std::uint32_t n) { return fmt::format("{}{}", prefix, below(n)); };
    for (int i = 0; i < 300; ++i) {
      const auto at = format_instant(*parse_instant("2025-06-01T08:00:00Z") + std::chrono::minutes(20 * i + static_cast<int>(below(60))));
      const auto project = one_of("P-", 12);
      const auto order = fmt::format("O-{}-{}", project, below(2));
      const auto source_ref = fmt::format("E-{}", i);
      const auto with = [&](std::string_view type, std::string payload) {
        send({post("erp", source_ref, std::string(type)).ref(project).at(at).payload(std::move(payload))});
      };
      switch (below(8)) {
        case 0:
        case 1:
          with("project.created", fmt::format(R"({{"store_id":"{}","project_type":"{}","customer_id":"{}","customer_name":"{}"}})", one_of("S", 3),
                                              one_of("t", 2), one_of("C", 4), one_of("Zoë ", 5)));
          break;
        case 2:
        case 3:
          with("order.confirmed", fmt::format(R"({{"order_ref":"{}","promised_delivery_date":"2025-06-0{}","lines":[{{"sku":"A","qty":1}}]}})", order,
                                              3 + below(6)));
          break;
        case 4: with("shipment.exception", fmt::format(R"({{"order_ref":"{}","shipment_id":"SH-{}"}})", order, order)); break;
        case 5: with("lastmile.delivered", R"({"lastmile_id":"L"})"); break;
        case 6: with("picking.started", fmt::format(R"({{"order_ref":"{}"}})", order)); break;
        default:
          send({post("tms", source_ref, "shipment.in_transit").ref(one_of("unknown-", 3)).at(at)});
          if (below(3) == 0) with(below(2) == 0 ? "project.closed" : "project.reopened", "{}");
      }
      if (below(4) == 0) run();
      if (erasing && below(40) == 0) {
        run();
        (void)erase(one_of("C", 4));
      }
    }
    run();
  }
  bool erasing = false;

  void rebuilt_equals_live() {
    const auto expected = answers_of(*models);
    for (const std::size_t step : {1u, 7u, 100'000u}) {
      const auto again = projections::read_models::in_memory(log, projections::all_views({}));
      for (auto events = again->read_next(step); !events.empty(); events = again->read_next(step)) again->apply(events);
      for (const auto& family : families) EXPECT_EQ(projections::rows_of(*again, family), projections::rows_of(*models, family)) << family.name << ", steps of " << step;
      EXPECT_EQ(answers_of(*again), expected);
    }
  }

  const std::vector<projections::row_family> families = projections::all_rows(log);

  /// What the indexes say, in every order.
  std::string answers_of(const projections::read_models& of) const {
    std::string all;
    for (const auto order : {projections::project_order::oldest_anomaly, projections::project_order::updated_at, projections::project_order::created_at}) {
      auto views = of.read();
      projections::project_query query;
      query.order = order;
      const auto csv = projections::export_projects(views, query);
      for (auto text = csv->next(); !text.empty(); text = csv->next()) all += text;
    }
    for (const auto order : {projections::anomaly_order::severity, projections::anomaly_order::raised_at}) {
      auto views = of.read();
      projections::anomaly_query query;
      query.order = order;
      const auto csv = projections::export_anomalies(views, query);
      for (auto text = csv->next(); !text.empty(); text = csv->next()) all += text;
    }
    for (const auto* store : {"S0", "S1", "S2"}) {
      auto views = of.read();
      projections::anomaly_query query;
      query.store_id = store;
      query.page.limit = 200;
      const auto page = projections::list_anomalies(views, query);
      all += fmt::format("{} {}\n", page.total, page.items);
    }
    auto views = of.read();
    all += projections::kpis_json(views, {*parse_day("2025-05-20"), *parse_day("2025-07-20"), "", ""});
    auto letters = of.read();
    all += projections::list_dead_letters(letters, log, {}).items;
    return all;
  }
};

TEST_F(rebuild_test, views_built_again_equal_the_live_ones_whatever_the_steps) {
  live(7);
  ASSERT_EQ(models->checkpoint(), log.head().last);
  const auto expected = answers_of(*models);
  EXPECT_THAT(expected, ::testing::HasSubstr("T-1"));
  EXPECT_THAT(expected, ::testing::HasSubstr("T-2"));
  rebuilt_equals_live();
}

TEST_F(rebuild_test, so_they_do_where_customers_were_erased) {
  erasing = true;
  live(11);
  const auto erased = answers_of(*models);
  EXPECT_GT(log.version_of(stream_id::privacy()).value, 2u);
  rebuilt_equals_live();
}

TEST_F(rebuild_test, what_an_erased_customer_was_called_is_in_no_row) {
  keep_rules({R"({"id":"T-3","scope":"project","severity":"warning","on":["quality.issue_raised"],"when":{"==":[{"var":"event.payload.customer_name"},"Zelda Secretname"]}})"});
  ingest(post("crm", "0", "dead.letter").ref("P").payload(R"({"phone":"0600112233"})"));
  const auto opened = ingest(post("erp", "1", "project.created").ref("P").payload(R"({"customer_id":"C","customer_name":"Zelda Secretname"})"));
  ingest(post("crm", "2", "quality.issue_raised").ref("P").payload(R"({"customer_name":"Zelda Secretname","phone":"0600112233"})"));
  const auto hits = [this] {
    std::size_t found = 0;
    for (const auto& family : families)
      for (const auto& [key, value] : projections::rows_of(*models, family))
        for (const auto* secret : {"Secretname", "secretname", "0600112233"}) found += (key + value).find(secret) != std::string::npos ? 1 : 0;
    return found;
  };
  EXPECT_GT(hits(), 3u);
  EXPECT_EQ(erase("C").what, command_reply::outcome::done);
  EXPECT_EQ(hits(), 0u);
  // The entity that is live has forgotten it too: what it decides from now on says nothing of it.
  ingest(post("crm", "3", "crm.called").ref("P").payload("{}"));
  for (const auto& e : stream_of(opened.project)) EXPECT_EQ(e.data.find("Secretname"), std::string::npos) << e.type << " " << e.data;
  EXPECT_EQ(erase("nobody").what, command_reply::outcome::unknown);
  rebuilt_equals_live();
}

TEST_F(rebuild_test, anomalies_follow_their_project_to_another_store) {
  const auto opened = ingest(post("erp", "1", "project.created").ref("P").payload(R"({"store_id":"S1","project_type":"kitchen"})"));
  ingest(post("erp", "2", "order.confirmed").ref("P").payload(R"({"order_ref":"O","lines":[{"sku":"A","qty":1}]})"));
  ingest(post("tms", "3", "shipment.exception").ref("P").payload(R"({"order_ref":"O","shipment_id":"SH"})"));
  const auto total_of = [&](const char* store) {
    auto views = models->read();
    projections::anomaly_query query;
    query.store_id = store;
    return projections::list_anomalies(views, query).total;
  };
  EXPECT_EQ(total_of("S1"), 1u);
  ingest(post("erp", "4", "project.created").in(opened.project).payload(R"({"store_id":"S2","project_type":"kitchen"})"));
  EXPECT_EQ(total_of("S1"), 0u);
  EXPECT_EQ(total_of("S2"), 1u);
}

}  // namespace
}  // namespace plo::actors::test
