// What operators may do in which state: refuses(), and what their events bring about.
#include "domain/project/command.hpp"
#include "tests/project/given.hpp"

namespace plo::spec {
namespace {

using kind = command_refusal::kind;

std::string reason_of(const project& p, const event& command) {
  const auto refusal = refuses(*p, command);
  return refusal ? refusal->reason : "";
}

bool contradicts(const project& p, const event& command) {
  const auto refusal = refuses(*p, command);
  return refusal && refusal->what == kind::contradiction;
}

const event created = said("project.created", "06-01 09:00", R"({"customer_id":"C-1","project_type":"kitchen"})");

TEST(domain_command, nothing_can_be_done_to_a_project_that_is_not_there) {
  project none;
  for (const auto* type : {"note.added", "project.closed", "project.status_set", "order.created", "step.updated"}) {
    const auto refusal = refuses(*none, did(type, "06-02"));
    ASSERT_TRUE(refusal) << type;
    EXPECT_EQ(refusal->what, kind::unknown) << type;
  }
  EXPECT_FALSE(refuses(*none, did("project.created", "06-02"))) << "but it can be created";
  EXPECT_TRUE(contradicts(given({created}), did("project.created", "06-02")));
}

TEST(domain_command, a_project_is_closed_once_and_reopened_once) {
  auto p = given({created, confirmed("O-1")});
  EXPECT_TRUE(contradicts(p, did("project.reopened", "06-02"))) << "it is open";
  EXPECT_FALSE(refuses(*p, did("project.closed", "06-02")));
  p.when(did("project.closed", "06-02"));
  EXPECT_EQ(p->status, project_status::completed);
  EXPECT_EQ(reason_of(p, did("project.closed", "06-03")), "the project is completed already");
  EXPECT_FALSE(refuses(*p, did("project.reopened", "06-03")));
  p.when(did("project.reopened", "06-03"));
  EXPECT_EQ(p->status, project_status::active);
}

TEST(domain_command, a_cancelled_project_is_reopened_too) {
  auto p = given({created, confirmed("O-1"), did("project.status_set", "06-02", R"({"status":"cancelled"})")});
  EXPECT_EQ(p->status, project_status::cancelled);
  EXPECT_FALSE(refuses(*p, did("project.reopened", "06-03")));
  p.when(did("project.reopened", "06-03"));
  EXPECT_EQ(p->status, project_status::active);
}

TEST(domain_command, a_status_changes_or_contradicts) {
  auto p = given({created, confirmed("O-1")});
  EXPECT_TRUE(contradicts(p, did("project.status_set", "06-02", R"({"status":"active"})"))) << "it is active";
  EXPECT_FALSE(refuses(*p, did("project.status_set", "06-02", R"({"status":"on_hold"})")));
  p.when(did("project.status_set", "06-02", R"({"status":"on_hold"})"));
  EXPECT_EQ(p->status, project_status::on_hold);
  EXPECT_FALSE(refuses(*p, did("project.status_set", "06-03", R"({"status":"active"})")));
  p.when(did("project.closed", "06-04"));
  EXPECT_TRUE(contradicts(p, did("project.status_set", "06-05", R"({"status":"active"})"))) << "closed projects are reopened";
}

TEST(domain_command, an_order_is_created_once_and_not_in_a_closed_project) {
  auto p = given({created});
  auto order = did("order.created", "06-02", R"({"order_ref":"O-9","promised_delivery_date":"2025-07-01"})");
  order.order_ref = "O-9";
  EXPECT_FALSE(refuses(*p, order));
  p.when(order);
  EXPECT_EQ(p.of("O-9").promised_delivery_date.value, day("07-01"));
  EXPECT_EQ(p.of("O-9").concluded.status, order_status::draft) << "only a confirmation makes it count";
  EXPECT_TRUE(contradicts(p, order));
  auto another = order;
  another.order_ref = "O-10";
  p.when(did("project.closed", "06-03"));
  EXPECT_TRUE(contradicts(p, another));
}

TEST(domain_command, a_step_needs_something_to_be_about) {
  auto p = given({created});
  EXPECT_TRUE(contradicts(p, did("step.updated", "06-02", R"({"step_type":"stock_check","status":"completed"})"))) << "no order";
  EXPECT_TRUE(contradicts(p, did("step.updated", "06-02", R"({"step_type":"installation_report","status":"completed"})"))) << "no installation";
  EXPECT_FALSE(refuses(*p, did("step.updated", "06-02", R"({"step_type":"inspiration","status":"completed"})")));
  p.told({confirmed("O-1"), confirmed("O-2")});
  EXPECT_TRUE(contradicts(p, did("step.updated", "06-02", R"({"step_type":"stock_check","status":"completed"})"))) << "which order?";
  EXPECT_TRUE(contradicts(p, did("step.updated", "06-02", R"({"step_type":"stock_check","status":"completed","order_ref":"O-3"})")));
  const auto step = did("step.updated", "06-02", R"({"step_type":"stock_check","status":"completed","order_ref":"O-2"})");
  EXPECT_FALSE(refuses(*p, step));
  p.when(step);
  EXPECT_EQ(p.status_of(step_type::stock_check, "O-2"), step_status::completed);
  EXPECT_EQ(p.status_of(step_type::stock_check, "O-1"), step_status::pending);
}

TEST(domain_command, a_partial_delivery_needs_both_consents_and_something_that_is_missing) {
  auto p = given({created});
  const auto both = did("partial_delivery.approved", "06-03", R"({"customer":true,"installer":true})");
  EXPECT_TRUE(contradicts(p, both)) << "no order is confirmed";
  p.told({confirmed("O-1"), confirmed("O-2")});
  p.when(did("partial_delivery.approved", "06-02", R"({"customer":true,"installer":false})"));
  EXPECT_FALSE(p->consolidation->concluded.partial_delivery_approved) << "one of them is not enough";
  EXPECT_FALSE(refuses(*p, both));
  p.when(both);
  EXPECT_TRUE(p->consolidation->concluded.partial_delivery_approved);
  EXPECT_TRUE(contradicts(p, both)) << "approved already";
  const auto withdrawn = did("partial_delivery.approved", "06-04", R"({"customer":false,"installer":true})");
  EXPECT_FALSE(refuses(*p, withdrawn));
  p.when(said("lastmile.in_transit", "06-05", R"({"lastmile_id":"L"})"));
  EXPECT_TRUE(contradicts(p, withdrawn)) << "it has left the station";
}

TEST(domain_command, notes_and_assignment_are_kept_with_their_author) {
  auto p = given({created, did("note.added", "06-02", R"({"comment":"call back"})"), did("project.assigned", "06-03", R"({"assigned_to":"u-1"})")});
  ASSERT_EQ(p->notes.size(), 1u);
  EXPECT_EQ(p->notes[0].comment, "call back");
  EXPECT_EQ(p->notes[0].operator_id, "anna");
  EXPECT_EQ(p->assigned_to, "u-1");
  p.when(did("project.assigned", "06-04", R"({"assigned_to":null})"));
  EXPECT_EQ(p->assigned_to, "");
}

}  // namespace
}  // namespace plo::spec
