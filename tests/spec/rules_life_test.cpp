// The life of an anomaly: raised, triggered again, acknowledged, snoozed, escalated, resolved, reopened.
#include "tests/spec/catalogue.hpp"

namespace plo::spec {

namespace {

const auto ordered = [](std::string_view when = "06-01 08:00", std::string_view promised = "2025-06-20") {
  return said("order.confirmed", when, R"({"order_ref":"O1","promised_delivery_date":")" + std::string(promised) + R"("})");
};
const auto shortage = [](std::string_view when) { return said("stock.shortage", when, R"({"order_ref":"O1","skus":["A"]})"); };

}  // namespace

TEST(rules_life, the_built_in_catalogue_has_35_rules) { EXPECT_EQ(built_in_rules().all().size(), 35u); }

TEST(rules_life, an_anomaly_explains_itself) {
  watched p;
  p.told({ordered(), shortage("06-18 12:00")});
  const auto* a = p.found("ANO-01");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->severity, event_severity::critical);
  EXPECT_EQ(a->status, anomaly_status::open);
  EXPECT_EQ(a->entity, "O1");
  EXPECT_EQ(a->raised_at, at("06-18 12:00"));
  EXPECT_EQ(a->rule_version, 1u);
  EXPECT_EQ(a->facts, R"([{"path":"order.delivery_start","value":"2025-06-20"},{"path":"event.occurred_at","value":"2025-06-18T12:00:00.000Z"},{"path":"params.within","value":"PT72H"}])");
  EXPECT_EQ(p.told_whom("ANO-01"), (std::vector<std::string>{"email:buyer", "email:coordinator", "ticket:crm/to_validate"}));
  EXPECT_FALSE(p.is_open("ANO-26"));
}

TEST(rules_life, a_trigger_while_it_is_open_only_counts) {
  watched p;
  p.told({ordered(), shortage("06-18 12:00"), shortage("06-18 13:00")});
  EXPECT_EQ(p.found("ANO-01")->occurrences, 2u);
  EXPECT_EQ(p.found("ANO-01")->last_triggered_at, at("06-18 13:00"));
  EXPECT_TRUE(p.told_whom().empty());
}

TEST(rules_life, a_deadline_that_passes_raises_and_a_late_event_retracts) {
  watched p;
  p.told({ordered()}).at_time("06-17 00:00");
  ASSERT_TRUE(p.is_open("ANO-17"));
  EXPECT_EQ(p.found("ANO-17")->raised_at, at("06-16 22:00")) << "00:00 of the 17th in Paris";
  p.when(said("consolidation.complete", "06-16 10:00"));
  EXPECT_EQ(p.found("ANO-17")->resolved_by, "late_event");
}

}  // namespace plo::spec
