#include "base/time.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace plo {
namespace {

std::int64_t ms(std::string_view text) {
  const auto at = parse_instant(text);
  return at ? at->time_since_epoch().count() : -1;
}

TEST(domain_time, reads_rfc3339_with_any_offset) {
  EXPECT_EQ(ms("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ms("2025-06-15T14:32:00Z"), 1'749'997'920'000);
  EXPECT_EQ(ms("2025-06-15T16:32:00+02:00"), 1'749'997'920'000);
  EXPECT_EQ(ms("2025-06-15T09:02:00-05:30"), 1'749'997'920'000);
  EXPECT_EQ(ms("2025-06-15t14:32:00z"), 1'749'997'920'000);
  EXPECT_EQ(ms("2025-06-15 14:32:00Z"), 1'749'997'920'000);
}

TEST(domain_time, cuts_fractions_to_milliseconds) {
  EXPECT_EQ(ms("1970-01-01T00:00:00.5Z"), 500);
  EXPECT_EQ(ms("1970-01-01T00:00:00.1239999Z"), 123);
  EXPECT_EQ(ms("1970-01-01T00:00:00.123456789+00:00"), 123);
}

TEST(domain_time, reads_a_leap_second_as_the_last_millisecond_before_it) {
  EXPECT_EQ(parse_instant("2016-12-31T23:59:60Z"), parse_instant("2016-12-31T23:59:59.999Z"));
  EXPECT_EQ(parse_instant("2017-01-01T00:59:60.5+01:00"), parse_instant("2016-12-31T23:59:59.999Z"));
  EXPECT_FALSE(parse_instant("2016-12-31T12:59:60Z"));
}

class not_an_instant : public testing::TestWithParam<const char*> {};
TEST_P(not_an_instant, is_refused) {
  EXPECT_FALSE(parse_instant(GetParam()));
}
INSTANTIATE_TEST_SUITE_P(domain_time, not_an_instant,
                         testing::Values("", "2025", "2025-06-15", "2025-06-15T14:32Z", "2025-06-15T14:32:00", "2025-06-15T14:32:00.Z",
                                         "2025-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "2025-00-01T00:00:00Z",
                                         "2025-06-15T24:00:00Z", "2025-06-15T14:60:00Z", "2025-06-15T14:32:61Z",
                                         "2025-06-15T14:32:00+0200", "2025-06-15T14:32:00+24:00", "2025-06-15T14:32:00+02:60",
                                         "2025-06-15T14:32:00Zx", " 2025-06-15T14:32:00Z", "0000-01-01T00:00:00Z",
                                         "12025-01-01T00:00:00Z", "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00",
                                         "2025-06-15T14:32:00.1", "2025/06/15T14:32:00Z", "20250615T143200Z"));

TEST(domain_time, writes_utc_with_milliseconds) {
  for (const char* text : {"1970-01-01T00:00:00.000Z", "2025-06-15T14:32:00.000Z", "1969-12-31T23:59:59.999Z",
                           "0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "2024-02-29T12:00:00.001Z"}) {
    const auto at = parse_instant(text);
    ASSERT_TRUE(at) << text;
    EXPECT_EQ(format_instant(*at), text);
  }
}

TEST(domain_time, writes_something_for_any_instant) {
  EXPECT_EQ(format_instant(instant::min()), "0001-01-01T00:00:00.000Z");
  EXPECT_EQ(format_instant(instant::max()), "9999-12-31T23:59:59.999Z");
}

TEST(domain_time, reads_and_writes_days) {
  for (const char* text : {"1970-01-01", "2024-02-29", "9999-12-31", "0001-01-01"}) {
    ASSERT_TRUE(parse_day(text)) << text;
    EXPECT_EQ(format_day(*parse_day(text)), text);
  }
  for (const char* text : {"", "2025-02-29", "2025-6-15", "2025-06-15T00:00:00Z", "0000-01-01", "2025-06-32"}) EXPECT_FALSE(parse_day(text)) << text;
}

TEST(domain_time, reads_times_of_day) {
  using std::chrono::minutes;
  EXPECT_EQ(parse_time_of_day("00:00"), minutes{0});
  EXPECT_EQ(parse_time_of_day("08:30"), minutes{510});
  EXPECT_EQ(parse_time_of_day("24:00"), minutes{1440});
  for (const char* text : {"", "8:30", "24:01", "08:60", "08-30", "08:30:00", "ab:cd"}) EXPECT_FALSE(parse_time_of_day(text)) << text;
}

TEST(domain_time, reads_durations) {
  using namespace std::chrono_literals;
  EXPECT_EQ(parse_duration("PT72H"), milliseconds{72h});
  EXPECT_EQ(parse_duration("P3D"), milliseconds{72h});
  EXPECT_EQ(parse_duration("-PT8H"), -milliseconds{8h});
  EXPECT_EQ(parse_duration("P1DT12H"), milliseconds{36h});
  EXPECT_EQ(parse_duration("PT1.5S"), 1500ms);
  EXPECT_EQ(parse_duration("P2W"), milliseconds{336h});
  EXPECT_EQ(parse_duration("PT5M"), milliseconds{5min});
  EXPECT_EQ(parse_duration("PT0S"), 0ms);
  EXPECT_EQ(parse_duration("P36525D"), milliseconds{36525 * 24h});
  for (const char* text : {"", "P", "PT", "P1DT", "P1Y", "P1M", "PT1D", "P1H", "1D", "PT1.S", "PT1.5H2M", "P1D1D", "PT5M2H", "P36526D",
                           "PT99999999999999999999H", "P1D ", "pt1h", "--P1D"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(domain_time, knows_zones_by_name) {
  EXPECT_TRUE(zone::find("Europe/Paris"));
  EXPECT_FALSE(zone::find("Europe/Nowhere"));
  EXPECT_FALSE(zone::find(""));
}

TEST(domain_time, joins_days_and_instants_in_a_zone) {
  const zone paris = zone::find("Europe/Paris").value();
  EXPECT_EQ(paris.at(*parse_day("2025-06-15")), *parse_instant("2025-06-14T22:00:00Z"));
  EXPECT_EQ(paris.at(*parse_day("2025-01-15"), std::chrono::hours{8}), *parse_instant("2025-01-15T07:00:00Z"));
  EXPECT_EQ(paris.day_of(*parse_instant("2025-06-14T22:00:00Z")), *parse_day("2025-06-15"));
  EXPECT_EQ(paris.day_of(*parse_instant("2025-06-14T21:59:59Z")), *parse_day("2025-06-14"));
  EXPECT_EQ(zone::utc().day_of(*parse_instant("1969-12-31T23:59:59Z")), *parse_day("1969-12-31"));
}

TEST(domain_time, moves_a_local_time_that_does_not_exist_forward) {
  // 2025-03-30 02:00 → 03:00 in Paris.
  const zone paris = zone::find("Europe/Paris").value();
  EXPECT_EQ(paris.at(*parse_day("2025-03-30"), std::chrono::minutes{150}), *parse_instant("2025-03-30T03:30:00+02:00"));
}

TEST(domain_time, takes_the_earlier_of_a_local_time_that_exists_twice) {
  const zone paris = zone::find("Europe/Paris").value();
  EXPECT_EQ(paris.at(*parse_day("2025-10-26"), std::chrono::minutes{150}), *parse_instant("2025-10-26T02:30:00+02:00"));
}

TEST(domain_time, summer_time_goes_on_beyond_the_tables_of_the_zone) {
  const auto paris = zone::find("Europe/Paris").value();
  for (const int year : {2036, 2037, 2038, 2040, 2100, 2399, 9998}) {
    const auto summer = local_day{date::year(year) / 6 / 15}, winter = local_day{date::year(year) / 1 / 15};
    EXPECT_EQ(format_instant(paris.at(summer, std::chrono::hours{8})), fmt::format("{:04}-06-15T06:00:00.000Z", year));
    EXPECT_EQ(format_instant(paris.at(winter, std::chrono::hours{8})), fmt::format("{:04}-01-15T07:00:00.000Z", year));
    EXPECT_EQ(paris.day_of(paris.at(summer)), summer);
    EXPECT_EQ(paris.day_of(paris.at(summer) - milliseconds(1)), summer - date::days{1});
    EXPECT_EQ(paris.time_of(paris.at(summer, std::chrono::hours{8})), std::chrono::hours{8});
    // The last Sunday of March: two o'clock does not exist.
    const local_day change{date::year(year) / 3 / date::Sunday[date::last]};
    EXPECT_EQ(paris.at(change, std::chrono::hours{3}) - paris.at(change, std::chrono::hours{1}), std::chrono::hours{1}) << year;
  }
}

}  // namespace
}  // namespace plo
