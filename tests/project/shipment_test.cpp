// Shipments: legs, estimated arrivals, arrival at the station.
#include "tests/project/given.hpp"

namespace plo {
namespace {

using namespace spec;
using testing::IsEmpty;

event shipment(std::string_view what, std::string_view when, std::string_view more = "") {
  return said("shipment." + std::string(what), when, R"({"shipment_id":"S1","order_ref":"O1")" + std::string(more) + "}");
}
std::string eta(std::string_view time) { return R"(,"estimated_arrival":")" + std::string(time) + "\""; }

TEST(domain_shipment, dispatch_creates_it_with_all_it_says) {
  const auto p = given({confirmed("O1"), shipment("dispatched", "06-05", R"(,"leg_number":1,"last_leg":true,"origin_type":"warehouse","origin_ref":"W1",
      "destination_station_id":"ST","destination_station_name":"Station","carrier":"DHL","carrier_tracking_ref":"T1","estimated_arrival":"2025-06-08T08:00:00+02:00","actual_arrival":null)")});
  ASSERT_EQ(p.of("O1").shipments.size(), 1u);
  const auto& s = p.of("O1").shipments[0];
  EXPECT_EQ(s.shipment_id, "S1");
  EXPECT_EQ(s.leg_number, 1);
  EXPECT_EQ(s.last_leg, true);
  EXPECT_EQ(s.origin_type, "warehouse");
  EXPECT_EQ(s.origin_ref, "W1");
  EXPECT_EQ(s.destination_station_id, "ST");
  EXPECT_EQ(s.destination_station_name, "Station");
  EXPECT_EQ(s.carrier, "DHL");
  EXPECT_EQ(s.carrier_tracking_ref, "T1");
  EXPECT_EQ(s.status.value, shipment_status::dispatched);
  EXPECT_EQ(s.dispatched_at, at("06-05"));
  EXPECT_EQ(s.estimated_arrival.value, at("06-08 06:00"));
  EXPECT_FALSE(s.actual_arrival);
  EXPECT_EQ(s.last_event_at, at("06-05"));
}

TEST(domain_shipment, each_type_moves_it_on) {
  auto p = given({confirmed("O1"), shipment("eta_updated", "06-04", eta("2025-06-08"))});
  const auto status = [&] { return p.of("O1").shipments[0].status.value; };
  EXPECT_EQ(status(), std::nullopt) << "an estimate is no movement";
  EXPECT_FALSE(p.of("O1").concluded.dispatched);
  p.when(shipment("dispatched", "06-05"));
  EXPECT_EQ(status(), shipment_status::dispatched);
  p.when(shipment("in_transit", "06-06"));
  EXPECT_EQ(status(), shipment_status::in_transit);
  p.when(shipment("exception", "06-07"));
  EXPECT_EQ(status(), shipment_status::exception);
  EXPECT_EQ(p.status_of(step_type::shipment_in_transit, "O1"), step_status::anomaly);
  p.when(shipment("in_transit", "06-08"));
  EXPECT_EQ(status(), shipment_status::in_transit);
  p.when(shipment("arrived_at_station", "06-09", R"(,"actual_arrival":"2025-06-09T05:00:00Z")"));
  EXPECT_EQ(status(), shipment_status::arrived);
  EXPECT_EQ(p.of("O1").shipments[0].actual_arrival, at("06-09 05:00"));
  p.when(shipment("in_transit", "06-10"));
  EXPECT_EQ(status(), shipment_status::arrived) << "what has arrived stays arrived";
}

TEST(domain_shipment, an_older_estimate_never_overwrites_a_newer_one) {
  const auto p = given({confirmed("O1"), shipment("dispatched", "06-05", eta("2025-06-08T08:00:00Z")),
                        shipment("eta_updated", "06-07", eta("2025-06-12T08:00:00Z")), shipment("eta_updated", "06-06", eta("2025-06-10T08:00:00Z"))});
  EXPECT_EQ(p.of("O1").concluded.latest_eta, at("06-12 08:00"));
}

TEST(domain_shipment, an_estimate_given_as_a_day_is_its_start_in_the_zone) {
  const auto p = given({confirmed("O1"), shipment("eta_updated", "06-05", eta("2025-06-08"))});
  EXPECT_EQ(p.of("O1").concluded.latest_eta, at("06-07 22:00"));
}

TEST(domain_shipment, plain_fields_merge_field_by_field) {
  const auto a = shipment("dispatched", "06-01", R"(,"carrier":"A","origin_ref":"W1")");
  const auto b = shipment("in_transit", "06-02", R"(,"carrier":"B")");
  const auto c = shipment("in_transit", "06-03", R"(,"carrier_tracking_ref":"T")");
  for (const auto& p : {given({a, b, c}), given({c, a, b}), given({c, b, a})}) {
    const auto& s = p.of("O1").shipments[0];
    EXPECT_EQ(s.carrier, "B");
    EXPECT_EQ(s.origin_ref, "W1");
    EXPECT_EQ(s.carrier_tracking_ref, "T");
  }
}

TEST(domain_shipment, latest_eta_is_the_largest_of_those_that_have_not_arrived) {
  auto p = given({confirmed("O1"), said("shipment.dispatched", "06-05", R"({"order_ref":"O1","shipment_id":"S1","estimated_arrival":"2025-06-09T00:00:00Z"})"),
                  said("shipment.dispatched", "06-05 01:00", R"({"order_ref":"O1","shipment_id":"S2","estimated_arrival":"2025-06-11T00:00:00Z"})")});
  EXPECT_EQ(p.of("O1").concluded.latest_eta, at("06-11"));
  p.when(said("shipment.arrived_at_station", "06-08", R"({"order_ref":"O1","shipment_id":"S2"})"));
  EXPECT_EQ(p.of("O1").concluded.latest_eta, at("06-09"));
  EXPECT_FALSE(p.of("O1").concluded.arrived);
  p.when(said("shipment.arrived_at_station", "06-09", R"({"order_ref":"O1","shipment_id":"S1"})"));
  EXPECT_EQ(p.of("O1").concluded.latest_eta, std::nullopt);
  EXPECT_TRUE(p.of("O1").concluded.arrived);
}

TEST(domain_shipment, in_transit_from_dispatch_to_arrival) {
  auto p = given({confirmed("O1")});
  const auto in_transit = [&] { return p.of("O1").concluded.in_transit; };
  EXPECT_FALSE(in_transit());
  p.when(shipment("dispatched", "06-05"));
  EXPECT_TRUE(in_transit());
  EXPECT_TRUE(p.of("O1").concluded.dispatched);
  p.when(shipment("arrived_at_station", "06-06"));
  EXPECT_FALSE(in_transit());
  EXPECT_TRUE(p.of("O1").concluded.dispatched);
}

TEST(domain_shipment, a_delivered_or_cancelled_order_is_not_in_transit) {
  auto p = given({confirmed("O1"), shipment("dispatched", "06-05"), said("lastmile.delivered", "06-07")});
  EXPECT_FALSE(p.of("O1").concluded.in_transit);
  auto q = given({confirmed("O1"), shipment("dispatched", "06-05"), said("order.cancelled", "06-06", R"({"order_ref":"O1"})")});
  EXPECT_FALSE(q.of("O1").concluded.in_transit);
}

TEST(domain_shipment, a_movement_implies_the_departure) {
  EXPECT_TRUE(given({confirmed("O1"), shipment("in_transit", "06-05")}).of("O1").concluded.dispatched);
  const auto p = given({confirmed("O1"), shipment("arrived_at_station", "06-05")});
  EXPECT_TRUE(p.of("O1").concluded.dispatched);
  EXPECT_EQ(p.of("O1").shipments[0].actual_arrival, at("06-05"));
}

TEST(domain_shipment, arrived_when_every_last_leg_arrived) {
  auto p = given({confirmed("O1"), said("shipment.dispatched", "06-03", R"({"order_ref":"O1","shipment_id":"S1","leg_number":1})"),
                  said("shipment.dispatched", "06-04", R"({"order_ref":"O1","shipment_id":"S2","leg_number":2})"),
                  said("shipment.arrived_at_station", "06-05", R"({"order_ref":"O1","shipment_id":"S1"})")});
  EXPECT_FALSE(p.of("O1").concluded.arrived) << "leg 2 goes on from there";
  p.when(said("shipment.arrived_at_station", "06-06", R"({"order_ref":"O1","shipment_id":"S2"})"));
  EXPECT_TRUE(p.of("O1").concluded.arrived);
  EXPECT_EQ(arrived_at(p.of("O1"), station_of(*p)), at("06-06"));
}

TEST(domain_shipment, the_last_leg_flag_decides_where_it_is_given) {
  const auto first = R"({"order_ref":"O1","shipment_id":"S1","leg_number":1,"last_leg":false})";
  auto p = given({confirmed("O1"), said("shipment.arrived_at_station", "06-05", first)});
  EXPECT_FALSE(p.of("O1").concluded.arrived);
  p.when(said("shipment.arrived_at_station", "06-06", R"({"order_ref":"O1","shipment_id":"S2","leg_number":2,"last_leg":true})"));
  EXPECT_TRUE(p.of("O1").concluded.arrived);
}

TEST(domain_shipment, legs_are_followed_by_their_places) {
  // S1 goes over the cross-dock X with S2; S3 goes straight to the station and is a last leg although its number is 1.
  auto p = given({confirmed("O1"), said("shipment.dispatched", "06-03", R"({"order_ref":"O1","shipment_id":"S1","leg_number":1,"destination_station_id":"X"})"),
                  said("shipment.dispatched", "06-03 01:00", R"({"order_ref":"O1","shipment_id":"S3","leg_number":1,"destination_station_id":"ST"})"),
                  said("shipment.dispatched", "06-04", R"({"order_ref":"O1","shipment_id":"S2","leg_number":2,"origin_ref":"X","destination_station_id":"ST"})"),
                  said("shipment.arrived_at_station", "06-05", R"({"order_ref":"O1","shipment_id":"S2"})")});
  EXPECT_FALSE(p.of("O1").concluded.arrived);
  p.when(said("shipment.arrived_at_station", "06-06", R"({"order_ref":"O1","shipment_id":"S3"})"));
  EXPECT_TRUE(p.of("O1").concluded.arrived);
}

TEST(domain_shipment, consolidation_order_arrived_says_so_too) {
  auto p = given({confirmed("O1"), said("consolidation.order_arrived", "06-06", R"({"order_ref":"O1"})")});
  EXPECT_TRUE(p.of("O1").concluded.arrived);
  EXPECT_EQ(p.step_of(step_type::shipment_arrived_at_station, "O1").completed_at, at("06-06"));
}

TEST(domain_shipment, a_shipment_known_to_the_project_names_its_orders) {
  const auto p = given({confirmed("O1"), confirmed("O2", "06-01 11:00"), said("shipment.dispatched", "06-03", R"({"order_ref":"O1","shipment_id":"S"})"),
                        said("shipment.dispatched", "06-03 01:00", R"({"order_ref":"O2","shipment_id":"S"})"),
                        said("shipment.arrived_at_station", "06-04", R"({"shipment_id":"S"})")});
  EXPECT_TRUE(p.of("O1").concluded.arrived);
  EXPECT_TRUE(p.of("O2").concluded.arrived) << "one shipment may carry two orders";
}

TEST(domain_shipment, without_an_id_there_is_one_per_leg) {
  const auto p = given({confirmed("O1"), said("shipment.dispatched", "06-03", R"({"order_ref":"O1"})"),
                        said("shipment.arrived_at_station", "06-04", R"({"order_ref":"O1","leg_number":1})")});
  ASSERT_EQ(p.of("O1").shipments.size(), 1u);
  EXPECT_EQ(p.of("O1").shipments[0].shipment_id, "O1/1");
  EXPECT_TRUE(p.of("O1").concluded.arrived);
}

TEST(domain_shipment, last_shipment_event_is_the_latest_of_any_type) {
  const auto p = given({confirmed("O1"), shipment("dispatched", "06-05"), shipment("exception", "06-07"), shipment("eta_updated", "06-06")});
  EXPECT_EQ(p.of("O1").concluded.last_shipment_event_at, at("06-07"));
}

TEST(domain_shipment, steps_follow_the_goods) {
  auto p = given({confirmed("O1"), shipment("dispatched", "06-05", eta("2025-06-08T08:00:00Z"))});
  EXPECT_EQ(p.step_of(step_type::shipment_dispatched, "O1").completed_at, at("06-05"));
  EXPECT_EQ(p.status_of(step_type::shipment_in_transit, "O1"), step_status::in_progress);
  EXPECT_EQ(p.step_of(step_type::shipment_arrived_at_station, "O1").expected_at, at("06-08 08:00"));
  EXPECT_EQ(p.status_of(step_type::shipment_arrived_at_station, "O1"), step_status::pending);
  p.when(shipment("arrived_at_station", "06-08"));
  EXPECT_EQ(p.step_of(step_type::shipment_in_transit, "O1").completed_at, at("06-08"));
  EXPECT_EQ(p.status_of(step_type::shipment_arrived_at_station, "O1"), step_status::completed);
  EXPECT_EQ(p.step_of(step_type::shipment_arrived_at_station, "O1").expected_at, std::nullopt);
}

TEST(domain_shipment, delivery_without_a_reported_arrival_skips_that_step) {
  const auto p = given({confirmed("O1"), shipment("dispatched", "06-05"), said("lastmile.delivered", "06-07")});
  EXPECT_EQ(p.status_of(step_type::shipment_in_transit, "O1"), step_status::completed);
  EXPECT_EQ(p.status_of(step_type::shipment_arrived_at_station, "O1"), step_status::skipped);
}

}  // namespace
}  // namespace plo
