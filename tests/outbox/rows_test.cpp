// The outbox as rows: a fold of the log, listed and filtered.
#include "projections/registry.hpp"
#include "tests/outbox/fixture.hpp"

namespace plo::actors::test {
namespace {

using ::testing::ElementsAre;

TEST_F(outbox_test, views_built_again_equal_the_live_ones_and_send_nothing) {
  ways["email"] = std::make_shared<scripted_carrier>();
  ways["email"]->script = {refusal("550"), put_off("later"), refusal("551")};
  const auto ids = request(5);
  request(4, "ticket", "sav");
  retry(ids[0]);
  pass(1s);
  auto again = projections::read_models::in_memory(log, projections::all_views({}));
  for (auto events = again->read_next(3); !events.empty(); events = again->read_next(3)) again->apply(events);
  EXPECT_EQ(listed({}, again.get()), listed());
  EXPECT_EQ(listed().size(), 9u);
  const auto of = [](const projections::read_models& m) {
    std::map<std::string, std::uint64_t> by;
    for (const auto& each : projections::notification_counts(*m.reader())) by[each.channel + std::string(to_string(each.status))] = each.count;
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

TEST_F(outbox_test, a_list_is_filtered_and_paged_newest_first) {
  ways["email"] = std::make_shared<scripted_carrier>();
  ways["email"]->script = {refusal("550")};
  const auto mails = request(5);
  const auto tickets = request(3, "ticket", "crm");
  projections::notification_query query;
  query.page.limit = 3;
  std::vector<std::string> walked;
  for (;;) {
    auto views = models->read();
    const auto page = projections::list_notifications(views, query);
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
  auto views = models->read();
  const auto page = projections::list_notifications(views, of_rule);
  views.release();
  EXPECT_EQ(page.total, 2u);
  projections::notification_query of_anomaly;
  of_anomaly.anomaly_id = row(mails[3]).anomaly_id;
  EXPECT_EQ(listed(of_anomaly).size(), 1u);
}

}  // namespace
}  // namespace plo::actors::test
