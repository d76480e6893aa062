#include "config/calendars.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/embedded.hpp"

namespace plo::config {
namespace {

using testing::ElementsAre;

std::string refusal(std::string_view toml) {
  const auto parsed = parse_calendars(toml, "calendars.toml");
  return parsed ? "accepted" : parsed.error().message();
}

TEST(config_calendars, carries_five_countries) {
  const auto all = built_in_calendars().value();
  std::vector<std::string> countries;
  for (const auto& c : all) {
    countries.push_back(c.country);
    EXPECT_THAT(c.weekend, ElementsAre(true, false, false, false, false, false, true)) << c.country;
    EXPECT_GE(c.holidays.size(), 10u) << c.country;
  }
  std::sort(countries.begin(), countries.end());
  EXPECT_THAT(countries, ElementsAre("BR", "ES", "FR", "IT", "PL"));
}

TEST(config_calendars, carries_the_file_byte_for_byte) {
  std::ifstream file(PLO_CALENDARS, std::ios::binary);
  EXPECT_EQ(embedded::calendars, std::string(std::istreambuf_iterator<char>(file), {}));
}

TEST(config_calendars, knows_when_holidays_came) {
  const auto all = built_in_calendars().value();
  const auto first_year = [&](std::string_view country, unsigned month, unsigned day) {
    for (const auto& c : all) {
      if (c.country != country) continue;
      for (const auto& h : c.holidays) {
        if (h.month == month && h.day == day) return h.first_year;
      }
    }
    return -1;
  };
  EXPECT_EQ(first_year("PL", 12, 24), 2025);
  EXPECT_EQ(first_year("BR", 11, 20), 2024);
  EXPECT_EQ(first_year("IT", 10, 4), 2026);
  EXPECT_EQ(first_year("FR", 7, 14), 0);
}

TEST(config_calendars, reads_what_a_calendar_says) {
  const auto all = parse_calendars(R"(
[AE]
weekend = ["friday", "saturday"]
holidays = [
  {name = "New year", date = "01-01"},
  {name = "Leap day", date = "02-29", first_year = 2000, last_year = 2004},
  {name = "Good Friday", easter = -2},
]
[XX]
weekend = ["sunday"]
)",
                                   "calendars.toml")
                       .value();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].country, "AE");
  EXPECT_THAT(all[0].weekend, ElementsAre(false, false, false, false, false, true, true));
  ASSERT_EQ(all[0].holidays.size(), 3u);
  EXPECT_EQ(all[0].holidays[0].name, "New year");
  EXPECT_EQ(all[0].holidays[0].easter_days, std::nullopt);
  EXPECT_EQ(all[0].holidays[0].last_year, 9999);
  EXPECT_EQ(all[0].holidays[1].month, 2u);
  EXPECT_EQ(all[0].holidays[1].day, 29u);
  EXPECT_EQ(all[0].holidays[1].first_year, 2000);
  EXPECT_EQ(all[0].holidays[1].last_year, 2004);
  EXPECT_EQ(all[0].holidays[2].easter_days, -2);
  EXPECT_EQ(all[0].holidays[2].month, 0u);
  EXPECT_TRUE(all[1].holidays.empty());
  EXPECT_TRUE(parse_calendars("", "calendars.toml").value().empty());
}

TEST(config_calendars, reads_names_subdivisions_and_single_years) {
  const auto all = parse_calendars(R"(
[XX]
names = ["XXX", "Ruritania", "Ruritanie"]
weekend = ["sunday"]
holidays = [{name = "Jubilee", date = "06-02", years = [2012, 2022]}]
[[XX.subdivisions]]
codes = ["N", "12"]
names = ["North"]
postal = ["1", "20"]
holidays = [{name = "North Day", easter = -2}]
[[XX.subdivisions]]
postal = ["3"]
holidays = [{name = "South Day", date = "12-26", years = [2021]}, {name = "Other", date = "12-27", last_year = 2030}]
)",
                                   "calendars.toml")
                       .value();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_THAT(all[0].names, ElementsAre("XXX", "Ruritania", "Ruritanie"));
  ASSERT_EQ(all[0].holidays.size(), 2u);
  EXPECT_EQ(all[0].holidays[0].first_year, 2012);
  EXPECT_EQ(all[0].holidays[0].last_year, 2012);
  EXPECT_EQ(all[0].holidays[1].first_year, 2022);
  EXPECT_EQ(all[0].holidays[1].name, "Jubilee");
  ASSERT_EQ(all[0].subdivisions.size(), 2u);
  const auto& north = all[0].subdivisions[0];
  EXPECT_THAT(north.codes, ElementsAre("N", "12"));
  EXPECT_THAT(north.names, ElementsAre("North"));
  EXPECT_THAT(north.postal, ElementsAre("1", "20"));
  ASSERT_EQ(north.holidays.size(), 1u);
  EXPECT_EQ(north.holidays[0].easter_days, -2);
  EXPECT_EQ(all[0].subdivisions[1].holidays.size(), 2u);
}

TEST(config_calendars, carries_the_parts_of_countries) {
  const auto all = built_in_calendars().value();
  std::vector<std::size_t> parts;
  for (const auto& c : all) parts.push_back(c.subdivisions.size());
  EXPECT_THAT(parts, ElementsAre(22, 19, 8, 1, 0)) << "BR, ES, FR, IT, PL";
}

TEST(config_calendars, gives_the_code_of_a_country) {
  EXPECT_EQ(country_code("fr"), "FR");
  EXPECT_EQ(country_code("Polonia"), "PL");
  EXPECT_EQ(country_code("PT"), "PT") << "a country without a calendar has a code";
  for (const auto* unknown : {"", "X", "XX", "R ", " F", "D A", "Atlantis", "Portugal", "!", "\xff"}) EXPECT_EQ(country_code(unknown), std::nullopt) << unknown;
}

TEST(config_calendars, names_file_line_and_reason) {
  const auto with = [](std::string_view holiday) { return "[FR]\nweekend = [\"sunday\"]\nholidays = [\n" + std::string(holiday) + "]\n"; };
  const auto part = [](std::string_view lines) {
    return "[FR]\nweekend = [\"sunday\"]\n[[FR.subdivisions]]\n" + std::string(lines) + "\n[[FR.subdivisions]]\npostal = [\"9\"]\nholidays = [{name = \"x\", easter = 1}]";
  };
  const std::string own = "\nholidays = [{name = \"x\", easter = 1}]";
  const std::pair<std::string, std::string> cases[] = {
      {with("{name = \"x\", easter = 1, years = []}"), "4: FR.holidays (x) has no years"},
      {with("{name = \"x\", easter = 1, years = [2001, 2001]}"), "4: FR.holidays.years: 2001 does not come after 2001"},
      {with("{name = \"x\", easter = 1, years = [0]}"), "4: FR.holidays.years: 0 is not between 1 and 9999"},
      {with("{name = \"x\", easter = 1, years = [\"2001\"]}"), "4: each element of FR.holidays.years must be an integer"},
      {with("{name = \"x\", easter = 1, years = 2001}"), "4: FR.holidays.years must be a list"},
      {with("{name = \"x\", easter = 1, last_year = 2001, years = [2001]}"), "4: FR.holidays.years: first_year and last_year say it already"},
      {"[FR]\nnames = [\"--\"]\nweekend = [\"sunday\"]", "2: FR.names: '--' holds neither letter nor digit"},
      {"[FR]\nnames = \"France\"\nweekend = [\"sunday\"]", "2: FR.names must be a list"},
      {"[ES]\nnames = [\"Gaul\"]\nweekend = [\"sunday\"]\n[FR]\nnames = [\"GAUL\"]\nweekend = [\"sunday\"]", "4: FR.names: 'GAUL' names ES already"},
      {"[ES]\nnames = [\"fr\"]\nweekend = [\"sunday\"]\n[FR]\nweekend = [\"sunday\"]", "1: ES.names: 'fr' names FR already"},
      {"[FR]\nweekend = [\"sunday\"]\nsubdivisions = {}", "3: FR.subdivisions must be a list"},
      {part("codes = [\"57\"]"), "3: FR.subdivisions needs holidays of its own"},
      {part(own), "3: FR.subdivisions needs one of codes, names and postal"},
      {part("codes = [\"FR-57\"]" + own), "4: FR.subdivisions.codes: 'FR-57' is not the part of an ISO 3166-2 code behind the country's"},
      {part("codes = [\"a\"]" + own), "4: FR.subdivisions.codes: 'a' is not the part of an ISO 3166-2 code behind the country's"},
      {part("codes = [\"A\", \"A\"]" + own), "4: FR.subdivisions.codes: 'A' comes twice"},
      {part("codes = [\"A\"]\nnames = [\"a\"]" + own), "3: FR.subdivisions.names: 'a' comes twice"},
      {part("postal = [\"57x\"]" + own), "4: FR.subdivisions.postal: '57x' is not how a postal code begins: one to eight digits"},
      {part("postal = [57]" + own), "4: each element of FR.subdivisions.postal must be a string"},
      {part("postal = [\"9\"]" + own), "7: FR.subdivisions.postal: '9' comes twice"},
      {part("postal = [\"5\"]\npostcode = 1" + own), "5: unknown key FR.subdivisions.postcode"},
      {"[france]\nweekend = [\"sunday\"]", "1: 'france' is not an ISO 3166 code of two capital letters"},
      {"FR = 1", "1: FR must be a table"},
      {"\n[FR]", "2: FR needs a weekend"},
      {"[FR]\nweekend = []", "1: FR needs a weekend"},
      {"[FR]\nweekend = [\"sunday\", \"Saturday\"]", "2: FR.weekend: 'Saturday' is not a day of the week such as sunday"},
      {"[FR]\nweekend = [\"sunday\", \"sunday\"]", "2: FR.weekend: sunday comes twice"},
      {"[FR]\nweekend = [\"monday\",\"tuesday\",\"wednesday\",\"thursday\",\"friday\",\"saturday\",\"sunday\"]", "1: FR: a week needs a working day"},
      {"[FR]\nweekend = [\"sunday\"]\nweekends = 1", "3: unknown key FR.weekends"},
      {"[FR]\nweekend = [\"sunday\"]\nholidays = {}", "3: FR.holidays must be a list"},
      {with("1"), "4: each element of FR.holidays must be a table"},
      {with("{date = \"01-01\"}"), "4: FR.holidays needs a name"},
      {with("{name = \"\", date = \"01-01\"}"), "4: FR.holidays.name: a name is needed"},
      {with("{name = \"x\"}"), "4: FR.holidays (x) needs exactly one of date and easter"},
      {with("{name = \"x\", date = \"01-01\", easter = 1}"), "4: FR.holidays (x) needs exactly one of date and easter"},
      {with("{name = \"x\", date = \"13-01\"}"), "4: FR.holidays.date: '13-01' is not a day of the year such as 07-14"},
      {with("{name = \"x\", date = \"02-30\"}"), "4: FR.holidays.date: '02-30' is not a day of the year such as 07-14"},
      {with("{name = \"x\", date = \"1-1\"}"), "4: FR.holidays.date: '1-1' is not a day of the year such as 07-14"},
      {with("{name = \"x\", date = \"00-10\"}"), "4: FR.holidays.date: '00-10' is not a day of the year such as 07-14"},
      {with("{name = \"x\", date = 2025-01-01}"), "4: FR.holidays.date must be a string"},
      {with("{name = \"x\", easter = 251}"), "4: FR.holidays.easter: 251 is not between -80 and 250"},
      {with("{name = \"x\", easter = 1, first_year = 0}"), "4: FR.holidays.first_year: 0 is not between 1 and 9999"},
      {with("{name = \"x\", easter = 1, first_year = 2001, last_year = 2000}"), "4: FR.holidays (x) ends before it begins"},
      {with("{name = \"x\", easter = 1, since = 2000}"), "4: unknown key FR.holidays.since"},
  };
  for (const auto& [toml, message] : cases) EXPECT_EQ(refusal(toml), "calendars.toml:" + message) << toml;
  EXPECT_THAT(refusal("[FR"), testing::StartsWith("calendars.toml:1: "));
}

TEST(config_calendars, says_that_a_file_cannot_be_read) {
  EXPECT_EQ(read_calendars("/nowhere/calendars.toml").error().message(), "/nowhere/calendars.toml: the file cannot be read");
  EXPECT_EQ(read_calendars(PLO_CALENDARS).value().size(), 5u);
}

}  // namespace
}  // namespace plo::config
