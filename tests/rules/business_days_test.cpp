#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include <rapidcheck/gtest.h>

#include "app/calendars.hpp"
#include "domain/rules/countries.hpp"

namespace plo::rules {
namespace {

local_day day(std::string_view text) {
  return parse_day(text).value();
}

const calendars& built_in_calendars() {
  static const auto all = app::calendars_of(config::built_in_calendars());
  return *all;
}

/// The calendar of a country as the binary carries it.
const business_calendar& built_in(std::string_view country) {
  const auto* found = built_in_calendars().find(country);
  EXPECT_NE(found, nullptr) << country;
  static const business_calendar none;
  return found != nullptr ? found->calendar : none;
}

/// What a whole year's days off are beside its Saturdays and Sundays.
std::vector<std::string> weekdays_off(const business_calendar& calendar, int year) {
  std::vector<std::string> off;
  for (local_day d(date::year(year) / 1 / 1); d <= local_day(date::year(year) / 12 / 31); d += date::days(1)) {
    const date::weekday weekday(d);
    if (weekday != date::Saturday && weekday != date::Sunday && !calendar.is_working_day(d)) off.push_back(format_day(d));
  }
  return off;
}

TEST(rules_calendar, knows_easter) {
  // From the tables of the Book of Common Prayer and the Astronomical Almanac; 1818 and 2285 are the earliest, 1943 and 2038 the latest.
  for (const auto* text : {"1818-03-22", "1886-04-25", "1900-04-15", "1943-04-25", "1954-04-18", "1961-04-02", "1981-04-19", "1999-04-04",
                           "2000-04-23", "2001-04-15", "2008-03-23", "2011-04-24", "2016-03-27", "2019-04-21", "2023-04-09", "2024-03-31",
                           "2025-04-20", "2026-04-05", "2027-03-28", "2028-04-16", "2029-04-01", "2030-04-21", "2038-04-25", "2049-04-18",
                           "2076-04-19", "2100-03-28", "2285-03-22"}) {
    EXPECT_EQ(format_day(easter_sunday(static_cast<int>(date::year_month_day(day(text)).year()))), text);
  }
}

TEST(rules_calendar, has_no_holidays_by_default) {
  const business_calendar plain;
  EXPECT_TRUE(plain.is_working_day(day("2025-12-25")));
  EXPECT_FALSE(plain.is_working_day(day("2025-12-27")));
  EXPECT_FALSE(plain.is_working_day(day("2025-12-28")));
  EXPECT_EQ(plain.working_days_between(day("2025-06-02"), day("2025-06-09")), 5);
}

struct year_of_country {
  std::string country;
  int year;
  std::vector<std::string> off;
};

class holidays_of : public testing::TestWithParam<year_of_country> {};
TEST_P(holidays_of, are_no_working_days) {
  EXPECT_EQ(weekdays_off(built_in(GetParam().country), GetParam().year), GetParam().off);
}
INSTANTIATE_TEST_SUITE_P(
    rules_calendar, holidays_of,
    testing::Values(
        year_of_country{"FR", 2025, {"2025-01-01", "2025-04-21", "2025-05-01", "2025-05-08", "2025-05-29", "2025-06-09", "2025-07-14", "2025-08-15", "2025-11-11", "2025-12-25"}},
        year_of_country{"FR", 2026, {"2026-01-01", "2026-04-06", "2026-05-01", "2026-05-08", "2026-05-14", "2026-05-25", "2026-07-14", "2026-11-11", "2026-12-25"}},
        year_of_country{"FR", 1981, {"1981-01-01", "1981-04-20", "1981-05-01", "1981-05-28", "1981-06-08", "1981-07-14", "1981-11-11", "1981-12-25"}},
        year_of_country{"ES", 2026, {"2026-01-01", "2026-01-06", "2026-04-03", "2026-05-01", "2026-10-12", "2026-12-08", "2026-12-25"}},
        year_of_country{"IT", 2024, {"2024-01-01", "2024-04-01", "2024-04-25", "2024-05-01", "2024-08-15", "2024-11-01", "2024-12-25", "2024-12-26"}},
        year_of_country{"IT", 2027, {"2027-01-01", "2027-01-06", "2027-03-29", "2027-06-02", "2027-10-04", "2027-11-01", "2027-12-08"}},
        year_of_country{"PL", 2024, {"2024-01-01", "2024-04-01", "2024-05-01", "2024-05-03", "2024-05-30", "2024-08-15", "2024-11-01", "2024-11-11", "2024-12-25", "2024-12-26"}},
        year_of_country{"PL", 2025, {"2025-01-01", "2025-01-06", "2025-04-21", "2025-05-01", "2025-06-19", "2025-08-15", "2025-11-11", "2025-12-24", "2025-12-25", "2025-12-26"}},
        year_of_country{"BR", 2023, {"2023-04-07", "2023-04-21", "2023-05-01", "2023-09-07", "2023-10-12", "2023-11-02", "2023-11-15", "2023-12-25"}},
        year_of_country{"BR", 2026, {"2026-01-01", "2026-04-03", "2026-04-21", "2026-05-01", "2026-09-07", "2026-10-12", "2026-11-02", "2026-11-20", "2026-12-25"}}),
    [](const auto& of) { return of.param.country + std::to_string(of.param.year); });

TEST(rules_calendar, has_every_french_holiday_of_two_years) {
  const auto france = built_in("FR");
  for (const auto* text : {"2025-01-01", "2025-04-21", "2025-05-01", "2025-05-08", "2025-05-29", "2025-06-09", "2025-07-14", "2025-08-15",
                           "2025-11-01", "2025-11-11", "2025-12-25", "2026-01-01", "2026-04-06", "2026-05-01", "2026-05-08", "2026-05-14",
                           "2026-05-25", "2026-07-14", "2026-08-15", "2026-11-01", "2026-11-11", "2026-12-25"}) {
    EXPECT_FALSE(france.is_working_day(day(text))) << text;
  }
}

/// The calendar of "FR" or "FR-67"; null when that is unknown.
const business_calendar* built_in_at(std::string_view place) {
  const auto* in = built_in_calendars().find(place.substr(0, 2));
  if (in == nullptr || place.size() == 2) return in == nullptr ? nullptr : &in->calendar;
  const auto* part = in->named(place);
  return part == nullptr ? nullptr : &part->calendar;
}

// What somebody else has found out: data/list_holidays.py.
TEST(rules_calendar, agrees_with_a_well_kept_list_for_two_decades) {
  std::ifstream file(PLO_HOLIDAYS);
  std::size_t lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    std::istringstream words(line);
    std::string place, year, month_day;
    words >> place >> year;
    std::vector<std::string> off;
    while (words >> month_day) off.push_back(year + "-" + month_day.substr(0, 2) + "-" + month_day.substr(2));
    const auto* calendar = built_in_at(place);
    ASSERT_NE(calendar, nullptr) << place;
    EXPECT_EQ(weekdays_off(*calendar, std::stoi(year)), off) << place;
  }
  EXPECT_EQ(lines, 57u * 21u);
}

TEST(rules_calendar, knows_countries_by_code_and_name) {
  const auto code = [](std::string_view written) {
    const auto* found = built_in_calendars().find(written);
    return found == nullptr ? std::string("none") : found->code;
  };
  for (const auto* france : {"FR", "fr", "Fr", "FRA", "fra", "France", "FRANCE", " france ", "Francia", "Francja", "França", "franca", "République française", "Republique Francaise"})
    EXPECT_EQ(code(france), "FR") << france;
  for (const auto* spain : {"es", "ESP", "España", "ESPANA", "Espan\u0303a", "Spain", "Espagne", "Spagna", "Hiszpania", "Espanha"}) EXPECT_EQ(code(spain), "ES") << spain;
  for (const auto* italy : {"it", "ITALIA", "Italie", "Italy", "Włochy", "WŁOCHY", "Wlochy", "Itália"}) EXPECT_EQ(code(italy), "IT") << italy;
  for (const auto* poland : {"pl", "POL", "Polska", "Pologne", "Polonia", "Polônia", "Poland", "Rzeczpospolita Polska"}) EXPECT_EQ(code(poland), "PL") << poland;
  for (const auto* brazil : {"br", "BRA", "Brasil", "Brésil", "Brasile", "Brazylia", "Brazil"}) EXPECT_EQ(code(brazil), "BR") << brazil;
  for (const auto* unknown : {"", " ", "-", "XX", "DE", "Deutschland", "Portugal", "Franc", "FranceX", "F", "\xff\xfe"}) EXPECT_EQ(code(unknown), "none") << unknown;
  EXPECT_EQ(code(std::string(100'000, 'F')), "none");
}

TEST(rules_calendar, knows_subdivisions_by_code_name_and_postal_code) {
  const auto& france = *built_in_calendars().find("FR");
  const auto& spain = *built_in_calendars().find("ES");
  const auto& brazil = *built_in_calendars().find("BR");
  for (const auto* alsace : {"67", "FR-67", "fr-67", "68", "57", "Moselle", "bas-rhin", "Haut Rhin", "ALSACE"}) {
    ASSERT_NE(france.named(alsace), nullptr) << alsace;
    EXPECT_EQ(france.named(alsace), france.at("67000")) << alsace;
  }
  for (const auto* none : {"75", "FR-75", "FR-", "", "Grand Est", "ES-67", "FR-FR-67", "FRA-67"}) EXPECT_EQ(france.named(none), nullptr) << none;
  EXPECT_EQ(france.at("57000"), france.at("68100"));
  EXPECT_EQ(france.at("75001"), nullptr);
  EXPECT_EQ(france.at("6"), nullptr);
  EXPECT_EQ(france.at(""), nullptr);
  EXPECT_NE(france.at("97133"), france.at("97110")) << "Saint-Barthélemy within the codes of Guadeloupe";
  EXPECT_EQ(spain.at("28013"), spain.named("ES-MD"));
  EXPECT_EQ(spain.at("08001"), spain.named("Catalunya"));
  EXPECT_EQ(spain.at("08001"), spain.named("B")) << "a province";
  EXPECT_EQ(spain.at("52001"), spain.named("Melilla"));
  EXPECT_EQ(spain.at("53000"), nullptr);
  EXPECT_EQ(brazil.at("01310100"), brazil.named("SP"));
  EXPECT_EQ(brazil.at("69300000"), brazil.named("BR-RR"));
  EXPECT_EQ(brazil.at("69900000"), nullptr) << "Acre";
  EXPECT_EQ(built_in_calendars().find("IT")->at("39100"), built_in_calendars().find("IT")->named("Südtirol"));
}

TEST(rules_calendar, has_postal_codes_for_every_part_of_spain) {
  const auto& spain = *built_in_calendars().find("ES");
  for (int province = 1; province <= 52; ++province) {
    const auto code = (province < 10 ? "0" : "") + std::to_string(province) + "001";
    EXPECT_NE(spain.at(code), nullptr) << code;
  }
}

TEST(rules_calendar, leaves_out_the_first_day_and_counts_the_last) {
  const auto france = built_in("FR");
  struct {
    const char *from, *to;
    std::int64_t days;
  } const cases[] = {
      {"2025-06-02", "2025-06-02", 0},  // Monday
      {"2025-06-02", "2025-06-03", 1},
      {"2025-06-06", "2025-06-09", 0},  // Friday to Whit Monday
      {"2025-06-06", "2025-06-10", 1},
      {"2025-06-07", "2025-06-10", 1},  // from a Saturday
      {"2025-06-05", "2025-06-08", 1},  // to a Sunday
      {"2025-12-24", "2026-01-02", 5},  // over the year's end: 26, 29, 30, 31, 2
      {"2024-12-31", "2025-12-31", 251},
      {"2008-04-30", "2008-05-02", 1},  // 1 May 2008 was Ascension too, and is one day off
  };
  for (const auto& c : cases) EXPECT_EQ(france.working_days_between(day(c.from), day(c.to)), c.days) << c.from << " to " << c.to;
}

TEST(rules_calendar, cuts_spans_of_centuries) {
  const business_calendar plain;
  const auto in_200_years = plain.working_days_between(day("2000-01-01"), day("2200-01-01"));
  EXPECT_NEAR(static_cast<double>(in_200_years), 200 * 365.2425 * 5 / 7, 2);
  EXPECT_LT(plain.working_days_between(day("0001-01-01"), day("9999-12-31")), in_200_years + 200);
  EXPECT_GT(plain.working_days_between(day("9999-12-31"), day("0001-01-01")), -in_200_years - 200);
}

TEST(rules_calendar, ends_where_no_day_is_a_working_day) {
  const business_calendar never({true, true, true, true, true, true, true}, {});
  EXPECT_EQ(never.working_days_between(day("2025-01-01"), day("2035-01-01")), 0);
  EXPECT_GT(never.add_working_days(day("2025-01-01"), 1), day("2225-01-01"));
}

TEST(rules_calendar, keeps_the_29th_of_february_in_leap_years_alone) {
  const business_calendar leap({true, false, false, false, false, false, true}, {{"leap day", 2, 29, std::nullopt}});
  EXPECT_FALSE(leap.is_working_day(day("2024-02-29")));
  EXPECT_EQ(leap.working_days_between(day("2024-02-28"), day("2024-03-01")), 1);
  EXPECT_EQ(leap.working_days_between(day("2025-02-27"), day("2025-03-03")), 2);
}

TEST(rules_calendar, counts_back_from_the_day_before) {
  const auto& france = built_in("FR");
  struct {
    const char *from, *to;
    std::int64_t days;
  } const cases[] = {
      {"2025-06-10", "2025-06-06", -1},  // Tuesday after Whit Monday to Friday: the Friday
      {"2025-06-10", "2025-06-09", 0},   // the day arrived at is a holiday
      {"2025-06-09", "2025-06-06", -1},  // the day started from is one
      {"2025-06-08", "2025-06-06", -1},  // … a Sunday
      {"2025-06-06", "2025-06-05", -1},
      {"2026-01-02", "2025-12-24", -5},  // 24, 26, 29, 30, 31
      {"2026-07-15", "2026-07-14", 0},
      {"2026-07-15", "2026-07-13", -1},
      {"0001-01-02", "0001-01-01", 0},
  };
  for (const auto& c : cases) EXPECT_EQ(france.working_days_between(day(c.from), day(c.to)), c.days) << c.from << " to " << c.to;
}

TEST(rules_calendar, adds_working_days) {
  const auto france = built_in("FR");
  EXPECT_EQ(format_day(france.add_working_days(day("2025-06-06"), 1)), "2025-06-10");
  EXPECT_EQ(format_day(france.add_working_days(day("2025-06-10"), -1)), "2025-06-06");
  EXPECT_EQ(format_day(france.add_working_days(day("2025-06-07"), 0)), "2025-06-07");
  EXPECT_EQ(format_day(france.add_working_days(day("2025-12-24"), 5)), "2026-01-02");
}

// --- Properties ---

local_day any_day() {
  return day("1990-01-01") + date::days(*rc::gen::inRange(0, 60 * 365));
}

/// Some calendar, with the odd weekends and doubled holidays that nobody tests by hand.
business_calendar any_calendar() {
  std::array<bool, 7> weekend{};
  for (bool& off : weekend) off = *rc::gen::weightedElement<bool>({{2, true}, {5, false}});
  std::vector<holiday> holidays(*rc::gen::inRange<std::size_t>(0, 12));
  for (holiday& h : holidays) {
    if (*rc::gen::arbitrary<bool>()) {
      h.easter_days = *rc::gen::inRange(-80, 251);
    } else {
      h.month = *rc::gen::inRange(1u, 13u);
      h.day = *rc::gen::inRange(1u, 30u);
    }
    h.first_year = *rc::gen::inRange(1985, 2030);
    h.last_year = *rc::gen::inRange(2000, 2060);
  }
  return {weekend, std::move(holidays)};
}

RC_GTEST_PROP(rules_calendar_properties, counts_as_a_loop_over_the_days_does, ()) {
  const auto calendar = any_calendar();
  const local_day from = any_day();
  const local_day to = from + date::days(*rc::gen::inRange(0, 1500));
  std::int64_t counted = 0;
  for (local_day d = from + date::days(1); d <= to; d += date::days(1)) counted += calendar.is_working_day(d) ? 1 : 0;
  RC_ASSERT(calendar.working_days_between(from, to) == counted);
  std::int64_t back = 0;
  for (local_day d = from; d < to; d += date::days(1)) back += calendar.is_working_day(d) ? 1 : 0;
  RC_ASSERT(calendar.working_days_between(to, from) == -back);
}

RC_GTEST_PROP(rules_calendar_properties, adds_what_it_counts, ()) {
  const auto calendar = built_in(*rc::gen::element<std::string>("FR", "ES", "IT", "PL", "BR"));
  const local_day from = any_day();
  const std::int64_t days = *rc::gen::inRange(1, 400);
  const local_day to = calendar.add_working_days(from, days);
  RC_ASSERT(calendar.is_working_day(to));
  RC_ASSERT(calendar.working_days_between(from, to) == days);
  const local_day before = calendar.add_working_days(from, -days);
  RC_ASSERT(calendar.is_working_day(before));
  RC_ASSERT(calendar.working_days_between(from, before) == -days);
}

RC_GTEST_PROP(rules_calendar_properties, counts_add_up, ()) {
  const auto calendar = any_calendar();
  std::array<local_day, 3> days{any_day(), any_day(), any_day()};
  std::sort(days.begin(), days.end());
  const auto [a, b, c] = days;
  RC_ASSERT(calendar.working_days_between(a, b) + calendar.working_days_between(b, c) == calendar.working_days_between(a, c));
  RC_ASSERT(calendar.working_days_between(c, b) + calendar.working_days_between(b, a) == calendar.working_days_between(c, a));
}

RC_GTEST_PROP(rules_calendar_properties, puts_easter_on_a_sunday_of_spring, ()) {
  const int year = *rc::gen::inRange(1583, 9999);
  const local_day easter = easter_sunday(year);
  RC_ASSERT(date::weekday(easter) == date::Sunday);
  RC_ASSERT(easter >= local_day(date::year(year) / 3 / 22));
  RC_ASSERT(easter <= local_day(date::year(year) / 4 / 25));
}

}  // namespace
}  // namespace plo::rules
