// What of a payload is about a person, by the names that shops, carriers and ERPs give it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/event/personal_data.hpp"

namespace plo {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const personal_fields usual(usual_personal_fields());

TEST(personal_data, what_usual_payloads_call_a_person_is_personal) {
  const char* payloads[] = {
      // a shop's order, with nested addresses
      R"({"id":7,"customer":{"first_name":"SECRET","last_name":"SECRET","default_address":{"address1":"SECRET","zip":"SECRET","country":"FR"}},)"
      R"("shipping_address":{"name":"SECRET","address2":"SECRET","city":"SECRET","phone":"SECRET"}})",
      // another's, flat
      R"({"billing":{"first_name":"SECRET","address_1":"SECRET","postcode":"SECRET","email":"SECRET"},"shipping":{"last_name":"SECRET"}})",
      // a carrier's tracker
      R"({"to_address":{"name":"SECRET","street1":"SECRET"},"signed_by":"SECRET","tracking_details":[{"recipient_name":"SECRET"}]})",
      // an ERP's delivery
      R"({"partner_name":"SECRET","email_from":"SECRET","mobile":"SECRET","street":"SECRET","postal_code":"SECRET"})",
      // what a rule read
      R"({"facts":[{"path":"event.payload.signed_by","value":"SECRET"}]})",
      // a name written with an escape is the same name
      R"({"signed\u005fby":"SECRET"})",
  };
  for (const auto* payload : payloads) EXPECT_THAT(usual.mask(payload), Not(HasSubstr("SECRET"))) << payload;
}

TEST(personal_data, what_is_about_goods_and_places_is_not) {
  const char* payloads[] = {
      R"({"order_ref":"O-1","lines":[{"sku":"A","label":"Sink","qty":2}],"carrier":"rapid-road","station_name":"Lyon"})",
      R"({"customer":true,"installer":true})",
      R"({"display_name":"Sink, 60 cm","shipping":{"method":"pallet"},"comment":"said \"phone\": later"})",
      R"({"channel":"ticket","recipient":"crm","reason":"raised"})",
      R"({"facts":[{"path":"event.payload.severity","value":"blocking"}]})",
  };
  for (const auto* payload : payloads) EXPECT_EQ(usual.mask(payload), payload);
}

TEST(personal_data, country_stays_in_an_address) {
  EXPECT_EQ(usual.mask(R"({"shipping_address":{"name":"N","country":"FR"}})"), R"({"shipping_address":{"name":"[erased]","country":"FR"}})");
  EXPECT_EQ(usual.mask(R"({"delivery_address":{"city":"N","country_code":"FR","postal_code":"67000"}})"),
            R"({"delivery_address":{"city":"[erased]","country_code":"FR","postal_code":"[erased]"}})");
}

TEST(personal_data, a_value_is_of_the_customer_that_the_nearest_object_names) {
  const std::string json = R"({"name":"1","a":{"name":"2","customer_id":"X"},"customer_id":"Y","b":[{"customer_id":"Z","c":{"name":"3"}},{"name":"4"}]})";
  const personal_fields names({"name"});
  std::string whose;
  for (const auto& s : names.find(json)) whose += json.substr(s.at, s.size) + s.customer;
  EXPECT_EQ(whose, R"("1"Y"2"X"3"Z"4"Y)");
  EXPECT_EQ(names.find(R"({"name":"1"})").front().customer, "");
}

}  // namespace
}  // namespace plo
