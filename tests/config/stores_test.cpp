// Countries as the configuration writes them, and the table of stores.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.hpp"

namespace plo::config {
namespace {

settings accepted(std::string_view text) {
  auto parsed = parse_settings(text, "etc/plo.toml");
  EXPECT_TRUE(parsed) << parsed.error().message();
  return parsed ? *parsed : settings{};
}

TEST(config_stores, CountriesAreCodesInAnyCaseOrNames) {
  for (const auto& [written, code] : std::vector<std::pair<std::string, std::string>>{
           {"FR", "FR"}, {"fr", "FR"}, {"Br", "BR"}, {"pol", "PL"}, {"PT", "PT"}, {"de", "DE"}, {"España", "ES"}, {"espana", "ES"},
           {"ITALIA", "IT"}, {"Włochy", "IT"}, {"wlochy", "IT"}, {"BRA", "BR"}, {"Républiqüe Française", "FR"}}) {
    EXPECT_EQ(accepted("server.country = '" + written + "'").server.country, code) << written;
    EXPECT_EQ(accepted("[stores.X]\ncountry = '" + written + "'").stores.at("X").country, code) << written;
  }
}

TEST(config_stores, StoresSayWhatTheyKnow) {
  EXPECT_TRUE(accepted("").stores.empty());
  const auto got = accepted(R"(
[stores."FR-LYON"]
name = "Lyon Part-Dieu"
timezone = "Europe/Paris"
country = "France"
postal_code = "69003"
[stores."BR SP/1"]
)");
  ASSERT_EQ(got.stores.size(), 2u);
  const auto& lyon = got.stores.at("FR-LYON");
  EXPECT_EQ(lyon.name, "Lyon Part-Dieu");
  EXPECT_EQ(lyon.timezone, "Europe/Paris");
  EXPECT_EQ(lyon.country, "FR");
  EXPECT_EQ(lyon.postal_code, "69003");
  const auto& bare = got.stores.at("BR SP/1");
  EXPECT_EQ(bare.name, "BR SP/1");
  EXPECT_EQ(bare.timezone, "");
  EXPECT_EQ(bare.country, "");
  EXPECT_EQ(bare.postal_code, "");
}

TEST(config_stores, WrongStoresAreRefusedWithLineAndReason) {
  struct {
    std::string text;
    std::uint32_t line;
    std::string reason;
  } const cases[] = {
      {"stores = 'x'", 1, "stores must be a table"},
      {"[stores]\nX = 'x'", 2, "stores.X must be a table"},
      {"[stores.'FR-LYON']\nzone = 'x'", 2, "unknown key stores.FR-LYON.zone"},
      {"[stores.'FR-LYON']\n\ntimezone = 'Europe/Lyon'", 3, "stores.FR-LYON.timezone: 'Europe/Lyon' is no time zone"},
      {"[stores.A]\ntimezone = ''", 2, "stores.A.timezone: a time zone such as"},
      {"[stores.A]\ncountry = 'Atlantis'", 2, "stores.A.country: 'Atlantis' is neither"},
      {"[stores.A]\nname = ''", 2, "stores.A.name: a name is needed"},
      {"[stores]\n'' = {name = 'x'}", 2, "a store needs an id"},
      {"[stores.A]\npostal_code = 67000", 2, "stores.A.postal_code must be a string"},
      {"[stores.A]\npostal_code = 'Lyon'", 2, "stores.A.postal_code: 'Lyon' is not a postal code"},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_settings(c.text, "etc/plo.toml");
    ASSERT_FALSE(parsed) << c.text;
    EXPECT_EQ(parsed.error().file, "etc/plo.toml");
    EXPECT_EQ(parsed.error().line, c.line) << parsed.error().reason;
    EXPECT_THAT(parsed.error().reason, testing::HasSubstr(c.reason));
  }
}

}  // namespace
}  // namespace plo::config
