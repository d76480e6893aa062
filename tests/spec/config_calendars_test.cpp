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

TEST(config_calendars, names_file_line_and_reason) {
  const auto with = [](std::string_view holiday) { return "[FR]\nweekend = [\"sunday\"]\nholidays = [\n" + std::string(holiday) + "]\n"; };
  const std::pair<std::string, std::string> cases[] = {
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
