// Which working days and which zone hold for a project: the address's place, else the store's, else the server's.
#include <fmt/format.h>

#include "app/calendars.hpp"
#include "tests/rules/catalogue_events.hpp"

namespace plo::spec {

namespace {

domain_settings everywhere() {
  auto settings = paris();
  settings.calendars = app::calendars_of(config::built_in_calendars());
  store_map stores;
  stores.emplace("BR-SP", store{"São Paulo", zone::find("America/Sao_Paulo"), "BR", "01310-100"});
  stores.emplace("PL-WAW", store{"Warszawa", zone::find("Europe/Warsaw"), "PL", ""});
  stores.emplace("FR-STR", store{"Strasbourg", std::nullopt, "FR", "67000"});
  stores.emplace("PT-LIS", store{"Lisboa", zone::find("Europe/Lisbon"), "PT", "6700-123"});  // a country without a calendar
  stores.emplace("67", store{"Colmar", std::nullopt, "", "F-68000"});                         // only its postal code is known
  settings.stores = std::make_shared<const store_map>(std::move(stores));
  return settings;
}

/// The rule TST-BD of the cases: fires when the working days between two days are as many as the event says.
const rules::rule_set& counting() {
  static const auto all = after({}, define(R"({"id":"TST-BD","name":"bd","scope":"order","step_type":"shipment_in_transit","severity":"warning",
      "on":["shipment.in_transit"],"when":{"==":[{"business_days":[{"var":"event.payload.a"},{"var":"event.payload.b"}]},{"var":"event.payload.n"}]},
      "actions":[{"do":"notify","to":"coordinator"}],"params":{},"dedup":"PT1S"})"));
  return all;
}

event created(std::string_view store_id) {
  return said("project.created", "2026-06-01T08:00:00Z",
              store_id.empty() ? R"({"customer_id":"C"})" : fmt::format(R"({{"customer_id":"C","store_id":"{}"}})", store_id));
}
event to_address(std::string_view address, std::string_view order_ref = "A") {
  return said("order.confirmed", "2026-06-01T09:00:00Z", fmt::format(R"({{"order_ref":"{}"{}{}}})", order_ref, address.empty() ? "" : R"(,"delivery_address":)", address));
}

/// Whether a day is a working day for an order that goes to an address, out of a store.
bool works(std::string_view date, std::string_view address, std::string_view store_id = "") {
  const auto before = format_day(*parse_day(date) - date::days(1));
  watched p(counting());
  p.under(everywhere()).told({created(store_id), to_address(address)});
  p.when(said("shipment.in_transit", "2026-06-02T09:00:00Z", fmt::format(R"({{"shipment_id":"S","order_ref":"A","a":"{}","b":"{}","n":0}})", before, date)));
  return !p.is_open("TST-BD");
}

constexpr auto bastille = "2026-07-14";    // a Tuesday
constexpr auto good_friday = "2026-04-03";  // off in Spain, Brazil and Alsace
constexpr auto corpus_christi = "2026-06-04";  // off in Poland

}  // namespace

TEST(rules_places, a_country_is_a_code_in_any_case_or_a_name) {
  for (const auto* address : {R"({"city":"Lyon","country":"France","country_code":"FR"})", R"({"country":"FR"})", R"({"country":"fr"})", R"({"country":"FRA"})",
                              R"({"country":"Francia"})", R"({"country":"FRANÇA"})", R"({"country_code":"fr"})", R"({"country":"Gaul","country_code":"FR"})",
                              R"({"country":"FR","country_code":"PL"})", R"({"country":"","country_code":"FR"})", R"({"country":null,"country_code":"FR"})",
                              R"({"country":250,"country_code":"FR"})", R"({"country_name":"france"})"}) {
    EXPECT_FALSE(works(bastille, address)) << address;
    EXPECT_FALSE(works(bastille, address, "PL-WAW")) << address;
    EXPECT_TRUE(works(corpus_christi, address, "PL-WAW")) << address;
  }
  for (const auto* address : {R"({"country":"España"})", R"({"country":"Espagne"})", R"({"country":"es"})", R"({"country_code":"ESP"})"}) {
    EXPECT_TRUE(works(bastille, address)) << address;
    EXPECT_FALSE(works(good_friday, address)) << address;
  }
  EXPECT_FALSE(works(corpus_christi, R"({"country":"Polska"})"));
  EXPECT_FALSE(works("2026-06-02", R"({"country":"ITALIA"})"));
  EXPECT_FALSE(works("2026-09-07", R"({"country":"Brasil"})"));
}

TEST(rules_places, an_unknown_country_is_as_if_absent) {
  for (const auto* address : {"", "{}", R"({"city":"Lyon"})", R"({"country":"Atlantis"})", R"({"country":"XX"})", R"({"country":"Deutschland"})",
                              R"({"country":["FR"]})", R"("12 rue des Lilas, Lyon")", R"({"country":"[erased]"})"}) {
    EXPECT_FALSE(works(bastille, address)) << address << " never a year without holidays";
    EXPECT_TRUE(works(corpus_christi, address)) << address;
    EXPECT_FALSE(works(corpus_christi, address, "PL-WAW")) << address << " the store's country comes before the server's";
    EXPECT_TRUE(works(bastille, address, "PL-WAW")) << address;
    EXPECT_FALSE(works(bastille, address, "PT-LIS")) << address << " a store's country without a calendar is as if absent";
    EXPECT_FALSE(works(bastille, address, "UNKNOWN")) << address;
  }
}

TEST(rules_places, the_subdivision_comes_from_the_postal_code_or_is_named) {
  for (const auto* address : {R"({"country":"FR","postal_code":"67000"})", R"({"country":"France","zip":"68100"})", R"({"country":"FR","postcode":"57 000"})",
                              R"({"country":"FR","zip_code":67000})", R"({"country":"FR","postal_code":"F-67000"})", R"({"postal_code":"67000"})",
                              R"({"country":"FR","state":"FR-67"})", R"({"country":"FR","region":"Moselle"})", R"({"country":"FR","province":"68"})",
                              R"({"subdivision":"FR-57"})", R"({"country":"FR","region":"Grand Est","postal_code":"67000"})"}) {
    EXPECT_FALSE(works(good_friday, address)) << address;
    EXPECT_FALSE(works(bastille, address)) << address << " beside the country's";
  }
  for (const auto* address : {R"({"country":"FR","postal_code":"75001"})", R"({"country":"FR","postal_code":""})", R"({"country":"FR","state":"75"})",
                              R"({"country":"FR","postal_code":6700})", R"({"country":"FR","postal_code":"[erased]"})", R"({"country":"FR","postal_code":-67000})"}) {
    EXPECT_TRUE(works(good_friday, address)) << address;
  }
  EXPECT_FALSE(works("2026-07-09", R"({"country":"BR","postal_code":"01310-100"})")) << "São Paulo";
  EXPECT_FALSE(works("2026-07-09", R"({"country":"BR","postal_code":1310100})")) << "a number has lost its zero";
  EXPECT_TRUE(works("2026-07-09", R"({"country":"BR","postal_code":"20040-002"})")) << "Rio de Janeiro";
  EXPECT_FALSE(works("2026-04-23", R"({"country":"BR","state":"RJ"})"));
  EXPECT_FALSE(works("2026-05-25", R"({"country":"IT","postal_code":"39100"})")) << "Whit Monday in South Tyrol";
  EXPECT_TRUE(works("2026-05-25", R"({"country":"IT","postal_code":"00184"})"));
  EXPECT_FALSE(works("2026-06-24", R"({"country":"ES","postal_code":"8001"})")) << "Barcelona, a zero lost";
  EXPECT_FALSE(works("2026-11-02", R"({"country":"ES","province_code":"M"})")) << "Madrid";
  EXPECT_TRUE(works("2026-11-02", R"({"country":"ES","postal_code":"08001"})"));
}

TEST(rules_places, the_store_tells_the_subdivision_where_the_address_does_not) {
  EXPECT_FALSE(works(good_friday, "", "FR-STR"));
  EXPECT_FALSE(works(good_friday, R"({"country":"France"})", "FR-STR"));
  EXPECT_TRUE(works(good_friday, R"({"country":"FR","postal_code":"69003"})", "FR-STR")) << "the address's part of the country, which has no holidays of its own";
  EXPECT_TRUE(works(good_friday, R"({"postal_code":"69003"})", "FR-STR"));
  EXPECT_TRUE(works(good_friday, R"({"country":"PL"})", "FR-STR"));
  EXPECT_FALSE(works(good_friday, "", "67")) << "a store that names no country is in the server's";
  EXPECT_TRUE(works(good_friday, "", "PT-LIS")) << "a postal code of a country without a calendar";
  EXPECT_FALSE(works("2026-07-09", "", "BR-SP"));
}

TEST(rules_places, without_an_order_the_first_address_that_is_understood_counts) {
  const auto all = after({}, define(R"({"id":"R-1","scope":"project","severity":"warning","on":["consolidation.exception"],
      "when":{"==":[{"business_days":["2026-07-13","2026-07-14"]},0]}})"));
  const auto fires = [&](const std::vector<event>& orders, std::string_view store_id = "") {
    watched p(all);
    p.under(everywhere()).when(created(store_id)).told(orders).when(said("consolidation.exception", "2026-06-03T09:00:00Z"));
    return p.is_open("R-1");
  };
  EXPECT_TRUE(fires({}));
  EXPECT_FALSE(fires({}, "PL-WAW"));
  EXPECT_FALSE(fires({to_address("", "A"), to_address(R"({"country":"Atlantis"})", "B"), to_address(R"({"country":"Polen"})", "C"), to_address(R"({"country":"FR"})", "D")}));
  EXPECT_TRUE(fires({to_address(R"({"city":"X"})", "A"), to_address(R"({"country":"fr"})", "B"), to_address(R"({"country":"PL"})", "C")}, "PL-WAW"));
}

TEST(rules_places, a_deadline_in_working_days_knows_the_place_and_the_zone) {
  const auto all = after({}, define(R"({"id":"R-1","scope":"order","severity":"warning","deadline":{"anchor":"order.promised_delivery_date","offset":"-P1D","calendar":"business"}})"));
  // Promised for Wednesday 15 July 2026; the 14th is a holiday in France, the 9th in São Paulo.
  const auto due = [&](std::string_view store_id, std::string_view promised = "2026-07-15", std::string_view address = "") {
    watched p(all);
    p.under(everywhere()).told({created(store_id), said("order.confirmed", "2026-06-01T09:00:00Z",
        fmt::format(R"({{"order_ref":"A","promised_delivery_date":"{}"{}{}}})", promised, address.empty() ? "" : R"(,"delivery_address":)", address))});
    return p.next_due();
  };
  EXPECT_EQ(due(""), at("2026-07-12T22:00:00Z"));
  EXPECT_EQ(due("FR-STR"), at("2026-07-12T22:00:00Z"));
  EXPECT_EQ(due("UNKNOWN"), at("2026-07-12T22:00:00Z"));
  EXPECT_EQ(due("BR-SP"), at("2026-07-14T03:00:00Z"));
  EXPECT_EQ(due("BR-SP", "2026-07-10"), at("2026-07-08T03:00:00Z"));
  EXPECT_EQ(due("PT-LIS"), at("2026-07-12T23:00:00Z")) << "Lisbon's midnight, the server's holidays";
  EXPECT_EQ(due("BR-SP", "2026-07-15", R"({"country":"FR"})"), at("2026-07-13T03:00:00Z")) << "the address's holidays, the store's midnight";
}

TEST(rules_places, a_deadline_in_calendar_days_ends_at_midnight_where_the_store_is) {
  const auto all = after({}, define(R"({"id":"R-1","scope":"order","severity":"warning","deadline":{"anchor":"order.promised_delivery_date","offset":"-P3D"}})"));
  for (const auto& [store_id, due] : std::vector<std::pair<std::string, std::string>>{{"", "2026-07-11T22:00:00Z"}, {"BR-SP", "2026-07-12T03:00:00Z"}, {"PL-WAW", "2026-07-11T22:00:00Z"}, {"PT-LIS", "2026-07-11T23:00:00Z"}}) {
    watched p(all);
    p.under(everywhere()).told({created(store_id), said("order.confirmed", "2026-06-01T09:00:00Z", R"({"order_ref":"A","promised_delivery_date":"2026-07-15"})")});
    EXPECT_EQ(p.next_due(), at(due)) << store_id;
  }
}

TEST(rules_places, a_project_has_the_zone_of_its_store) {
  const auto settings = everywhere();
  project_state state;
  const auto offset = [&] { return zone_of(state, settings).at(day("2026-07-01")); };
  EXPECT_EQ(offset(), at("2026-06-30T22:00:00Z"));
  for (const auto& [store_id, midnight] : std::vector<std::pair<std::string, std::string>>{
           {"BR-SP", "2026-07-01T03:00:00Z"}, {"FR-STR", "2026-06-30T22:00:00Z"}, {"UNKNOWN", "2026-06-30T22:00:00Z"}, {"PT-LIS", "2026-06-30T23:00:00Z"}}) {
    state.store_id.value = store_id;
    EXPECT_EQ(offset(), at(midnight)) << store_id;
    EXPECT_EQ(zone_of(store_id, settings).at(day("2026-07-01")), at(midnight)) << store_id;
  }
  EXPECT_EQ(zone_of(state, paris()).at(day("2026-07-01")), at("2026-06-30T22:00:00Z")) << "without stores";
}

}  // namespace plo::spec
