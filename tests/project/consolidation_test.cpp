// Consolidation: which orders are waited for, since when it is complete, and the consents to a partial delivery.
#include "tests/project/given.hpp"

namespace plo {
namespace {

using namespace spec;
using testing::ElementsAre;
using testing::IsEmpty;

event arrived(std::string_view order_ref, std::string_view when) {
  return said("consolidation.order_arrived", when, R"({"order_ref":")" + std::string(order_ref) + "\"}");
}
event dispatched(std::string_view order_ref, std::string_view when, std::string_view eta) {
  return said("shipment.dispatched", when, R"({"order_ref":")" + std::string(order_ref) + R"(","shipment_id":"S-)" + std::string(order_ref) +
                                               R"(","estimated_arrival":")" + std::string(eta) + "\"}");
}
const consolidation_conclusions& concluded(const project& p) { return p->consolidation->concluded; }

TEST(domain_consolidation, opens_with_the_first_confirmed_order) {
  auto p = given({said("project.created", "06-01"), said("picking.started", "06-01", R"({"order_ref":"O1"})")});
  EXPECT_FALSE(p->consolidation);
  p.when(confirmed("O1", "06-02"));
  ASSERT_TRUE(p->consolidation);
  EXPECT_EQ(p->consolidation->opened_at, at("06-02"));
  EXPECT_TRUE(uuid::parse(p->consolidation->consolidation_id));
  EXPECT_EQ(concluded(p).status, consolidation_status::waiting);
  EXPECT_THAT(concluded(p).orders_required, ElementsAre("O1"));
  EXPECT_THAT(concluded(p).orders_missing, ElementsAre("O1"));
  p.when(confirmed("O2", "06-01 10:00"));
  EXPECT_EQ(p->consolidation->opened_at, at("06-01 10:00")) << "by the time of the event, not of its arrival";
}

TEST(domain_consolidation, a_draft_order_is_not_waited_for) {
  auto p = given({confirmed("O1"), said("picking.started", "06-02", R"({"order_ref":"O2"})")});
  EXPECT_THAT(concluded(p).orders_required, ElementsAre("O1"));
  p.when(confirmed("O2", "06-03"));
  EXPECT_THAT(concluded(p).orders_required, ElementsAre("O1", "O2"));
}

TEST(domain_consolidation, a_cancelled_order_is_no_longer_waited_for) {
  auto p = given({confirmed("O1"), confirmed("O2"), arrived("O1", "06-05")});
  EXPECT_EQ(concluded(p).status, consolidation_status::in_progress);
  p.when(said("order.cancelled", "06-06", R"({"order_ref":"O2"})"));
  EXPECT_EQ(concluded(p).status, consolidation_status::complete);
  EXPECT_THAT(concluded(p).orders_required, ElementsAre("O1"));
}

TEST(domain_consolidation, goes_from_waiting_over_in_progress_to_complete) {
  auto p = given({confirmed("O1"), confirmed("O2")});
  EXPECT_EQ(p.status_of(step_type::consolidation_in_progress), step_status::pending);
  p.when(arrived("O1", "06-05"));
  EXPECT_EQ(concluded(p).status, consolidation_status::in_progress);
  EXPECT_THAT(concluded(p).orders_arrived, ElementsAre("O1"));
  EXPECT_THAT(concluded(p).orders_missing, ElementsAre("O2"));
  EXPECT_EQ(p.status_of(step_type::consolidation_in_progress), step_status::in_progress);
  EXPECT_EQ(p.step_of(step_type::consolidation_in_progress).started_at, at("06-05"));
  p.when(arrived("O2", "06-07"));
  EXPECT_EQ(concluded(p).status, consolidation_status::complete);
  EXPECT_THAT(concluded(p).orders_missing, IsEmpty());
  EXPECT_EQ(p.step_of(step_type::consolidation_in_progress).completed_at, at("06-07"));
  EXPECT_EQ(p.step_of(step_type::consolidation_complete).completed_at, at("06-07"));
}

TEST(domain_consolidation, the_arrival_of_the_last_shipment_completes_it) {
  const auto p = given({confirmed("O1"), dispatched("O1", "06-02", "2025-06-05"), said("shipment.arrived_at_station", "06-05", R"({"shipment_id":"S-O1"})")});
  EXPECT_EQ(concluded(p).status, consolidation_status::complete);
}

TEST(domain_consolidation, the_oms_may_call_it_complete) {
  const auto p = given({confirmed("O1"), confirmed("O2"), said("consolidation.complete", "06-07")});
  EXPECT_EQ(concluded(p).status, consolidation_status::complete);
  EXPECT_THAT(concluded(p).orders_missing, IsEmpty());
  EXPECT_EQ(p.step_of(step_type::consolidation_complete).completed_at, at("06-07"));
}

TEST(domain_consolidation, complete_is_not_final_when_an_order_is_newly_confirmed) {
  auto p = given({confirmed("O1"), said("consolidation.complete", "06-07"), confirmed("O2", "06-08")});
  EXPECT_EQ(concluded(p).status, consolidation_status::in_progress);
  EXPECT_THAT(concluded(p).orders_arrived, ElementsAre("O1"));
  EXPECT_THAT(concluded(p).orders_missing, ElementsAre("O2"));
  EXPECT_EQ(p.status_of(step_type::consolidation_complete), step_status::pending);
  p.when(said("consolidation.complete", "06-09"));
  EXPECT_EQ(concluded(p).status, consolidation_status::complete);
}

TEST(domain_consolidation, an_order_confirmed_before_but_told_later_is_covered) {
  const auto p = given({confirmed("O1"), said("consolidation.complete", "06-07"), confirmed("O2", "06-06")});
  EXPECT_EQ(concluded(p).status, consolidation_status::complete);
}

TEST(domain_consolidation, a_repeated_confirmation_is_not_a_new_one) {
  const auto p = given({confirmed("O1"), said("consolidation.complete", "06-07"), confirmed("O1", "06-08")});
  EXPECT_EQ(concluded(p).status, consolidation_status::complete);
}

TEST(domain_consolidation, a_new_order_also_reopens_what_was_complete_by_arrivals) {
  const auto p = given({confirmed("O1"), arrived("O1", "06-05"), confirmed("O2", "06-06")});
  EXPECT_EQ(concluded(p).status, consolidation_status::in_progress);
}

TEST(domain_consolidation, the_estimated_date_is_the_largest_eta_of_the_missing_orders) {
  auto p = given({confirmed("O1"), confirmed("O2"), dispatched("O1", "06-02", "2025-06-08T10:00:00Z"), dispatched("O2", "06-03", "2025-06-11T23:00:00Z")});
  EXPECT_EQ(concluded(p).estimated_complete_date, day("06-12")) << "a day of the zone";
  EXPECT_EQ(p.step_of(step_type::consolidation_complete).expected_at, at("06-11 22:00"));
  p.when(said("shipment.eta_updated", "06-04", R"({"shipment_id":"S-O1","estimated_arrival":"2025-06-15T10:00:00Z"})"));
  EXPECT_EQ(concluded(p).estimated_complete_date, day("06-15"));
  p.when(said("shipment.arrived_at_station", "06-10", R"({"shipment_id":"S-O1"})"));
  EXPECT_EQ(concluded(p).estimated_complete_date, day("06-12"));
  p.when(said("shipment.arrived_at_station", "06-12", R"({"shipment_id":"S-O2"})"));
  EXPECT_EQ(concluded(p).estimated_complete_date, std::nullopt);
}

TEST(domain_consolidation, the_omss_estimate_stands_in_while_no_shipment_has_one) {
  auto p = given({confirmed("O1"), said("consolidation.eta_updated", "06-03", R"({"estimated_complete_date":"2025-06-18"})")});
  EXPECT_EQ(concluded(p).estimated_complete_date, day("06-18"));
  p.when(dispatched("O1", "06-04", "2025-06-09T10:00:00Z"));
  EXPECT_EQ(concluded(p).estimated_complete_date, day("06-09"));
}

TEST(domain_consolidation, station_and_id_are_the_sources_newest) {
  const auto p = given({confirmed("O1"), said("consolidation.eta_updated", "06-05", R"({"consolidation_id":"K2","station_id":"ST2","station_name":"Two"})"),
                        said("consolidation.eta_updated", "06-04", R"({"consolidation_id":"K1","station_id":"ST1"})")});
  EXPECT_EQ(p->consolidation->consolidation_id, "K2");
  EXPECT_EQ(p->consolidation->station_id.value, "ST2");
  EXPECT_EQ(p->consolidation->station_name.value, "Two");
}

TEST(domain_consolidation, an_exception_shows_on_the_step_until_the_next_arrival) {
  auto p = given({confirmed("O1"), confirmed("O2"), arrived("O1", "06-05"), said("consolidation.exception", "06-06")});
  EXPECT_EQ(p.status_of(step_type::consolidation_in_progress), step_status::anomaly);
  p.when(arrived("O2", "06-07"));
  EXPECT_EQ(p.status_of(step_type::consolidation_in_progress), step_status::completed);
}

// --- partial delivery ---

event approved(std::string_view when, std::string_view consents) {
  return said("consolidation.partial_approved", when, "{" + std::string(consents) + "}");
}

TEST(domain_consolidation, a_partial_delivery_needs_both_consents) {
  auto p = given({confirmed("O1"), confirmed("O2"), approved("06-05", R"("customer":true,"installer":true)")});
  EXPECT_TRUE(concluded(p).partial_delivery_approved);
  EXPECT_EQ(concluded(p).status, consolidation_status::partial_approved);
  EXPECT_EQ(time_of(consent_of(*p).since), at("06-05"));
  EXPECT_EQ(p.status_of(step_type::consolidation_in_progress), step_status::completed);
}

TEST(domain_consolidation, one_consent_alone_is_kept_and_waits_for_the_other) {
  auto p = given({confirmed("O1"), approved("06-05", R"("customer":true)")});
  EXPECT_FALSE(concluded(p).partial_delivery_approved);
  EXPECT_EQ(concluded(p).status, consolidation_status::waiting);
  EXPECT_EQ(consent_of(*p).customer, true);
  p.when(approved("06-06", R"("installer":true)"));
  EXPECT_TRUE(concluded(p).partial_delivery_approved);
  EXPECT_EQ(time_of(consent_of(*p).since), at("06-06"));
}

TEST(domain_consolidation, an_approval_that_names_nobody_approves_nothing) {
  const auto p = given({confirmed("O1"), approved("06-05", "")});
  EXPECT_FALSE(concluded(p).partial_delivery_approved);
}

TEST(domain_consolidation, a_consent_may_be_withdrawn_while_nothing_has_left) {
  const auto both = approved("06-05", R"("customer":true,"installer":true)");
  const auto withdrawn = approved("06-06", R"("customer":false)");
  for (const auto& p : {given({confirmed("O1"), both, withdrawn}), given({confirmed("O1"), withdrawn, both})}) {
    EXPECT_FALSE(concluded(p).partial_delivery_approved);
    EXPECT_EQ(consent_of(*p).installer, true);
    EXPECT_FALSE(time_of(consent_of(*p).since));
  }
}

TEST(domain_consolidation, a_consent_stands_once_something_has_left_the_station) {
  const auto both = approved("06-05", R"("customer":true,"installer":true)");
  const auto withdrawn = approved("06-07", R"("installer":false)");
  for (const auto* type : {"lastmile.in_transit", "lastmile.delivered", "lastmile.partial_delivered"}) {
    const auto left = said(type, "06-06");
    EXPECT_TRUE(concluded(given({confirmed("O1"), both, left, withdrawn})).partial_delivery_approved) << type;
    EXPECT_TRUE(concluded(given({confirmed("O1"), both, withdrawn, left})).partial_delivery_approved) << type << ", told late";
  }
  const auto scheduled = said("lastmile.scheduled", "06-06");
  EXPECT_FALSE(concluded(given({confirmed("O1"), both, scheduled, withdrawn})).partial_delivery_approved);
}

TEST(domain_consolidation, complete_wins_over_partially_approved) {
  const auto p = given({confirmed("O1"), approved("06-05", R"("customer":true,"installer":true)"), arrived("O1", "06-06")});
  EXPECT_EQ(concluded(p).status, consolidation_status::complete);
  EXPECT_TRUE(concluded(p).partial_delivery_approved);
}

TEST(domain_consolidation, what_changed_is_derived_and_nothing_else) {
  auto p = given({confirmed("O1"), confirmed("O2")});
  p.when(arrived("O1", "06-05"));
  EXPECT_THAT(p.derived(), ElementsAre("order.recalculated", "consolidation.recalculated", "steps.changed"));
  EXPECT_TRUE(same_json(p.derived("consolidation.recalculated").data,
                        R"({"status":"in_progress","orders_required":["O1","O2"],"orders_arrived":["O1"],"orders_missing":["O2"],"partial_delivery_approved":false})"));
  p.when(arrived("O1", "06-06"));
  EXPECT_THAT(p.derived(), IsEmpty());
}

}  // namespace
}  // namespace plo
