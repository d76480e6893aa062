#include "domain/rules/business_days.hpp"

#include <algorithm>
#include <utility>

namespace plo::rules {

namespace {

constexpr int longest_span_days = 200 * 366;

int year_of(local_day day) {
  return static_cast<int>(date::year_month_day(day).year());
}

/// The day of a holiday in a year; empty when it is not observed in it.
std::optional<local_day> day_of(const holiday& h, int year, local_day easter) {
  if (year < h.first_year || year > h.last_year) return std::nullopt;
  if (h.easter_days) return easter + date::days(*h.easter_days);
  const date::year_month_day ymd(date::year(year), date::month(h.month), date::day(h.day));
  if (!ymd.ok()) return std::nullopt;  // 29 February
  return local_day(ymd);
}

}  // namespace

// The method of the "Nature" correspondent of 1876 (Meeus, Astronomical Algorithms, chapter 8).
local_day easter_sunday(int year) {
  const int golden = year % 19;
  const int century = year / 100, of_century = year % 100;
  const int leaps = century / 4, after_leap = century % 4;
  const int correction = (century - (century + 8) / 25 + 1) / 3;
  const int epact = (19 * golden + century - leaps - correction + 15) % 30;
  const int to_sunday = (32 + 2 * after_leap + 2 * (of_century / 4) - epact - of_century % 4) % 7;
  const int late = (golden + 11 * epact + 22 * to_sunday) / 451;
  const int march_based = epact + to_sunday - 7 * late + 114;
  return local_day(date::year_month_day(date::year(year), date::month(static_cast<unsigned>(march_based / 31)),
                                        date::day(static_cast<unsigned>(march_based % 31 + 1))));
}

business_calendar::business_calendar(std::array<bool, 7> weekend, std::vector<holiday> holidays)
    : weekend_(weekend), holidays_(std::move(holidays)) {}

bool business_calendar::is_working_day(local_day day) const {
  if (weekend_[date::weekday(day).c_encoding()]) return false;
  if (holidays_.empty()) return true;
  const int year = year_of(day);
  const local_day easter = easter_sunday(year);
  return std::none_of(holidays_.begin(), holidays_.end(), [&](const holiday& h) { return day_of(h, year, easter) == day; });
}

std::int64_t business_calendar::working_days_between(local_day from, local_day to) const {
  if (to < from) return -working_days_between(to - date::days(1), from - date::days(1));
  to = std::min(to, from + date::days(longest_span_days));

  // Whole weeks hold the same days wherever they begin.
  const auto working_weekdays = std::count(weekend_.begin(), weekend_.end(), false);
  const int span = (to - from).count();
  std::int64_t days = span / 7 * working_weekdays;
  for (local_day day = to - date::days(span % 7) + date::days(1); day <= to; day += date::days(1)) {
    if (!weekend_[date::weekday(day).c_encoding()]) ++days;
  }
  if (holidays_.empty()) return days;

  for (int year = year_of(from); year <= year_of(to); ++year) {
    const local_day easter = easter_sunday(year);
    for (auto h = holidays_.begin(); h != holidays_.end(); ++h) {
      const auto day = day_of(*h, year, easter);
      if (!day || *day <= from || *day > to || weekend_[date::weekday(*day).c_encoding()]) continue;
      // Two holidays may fall on one day (Ascension on 1 May 2008).
      const bool counted = std::any_of(holidays_.begin(), h, [&](const holiday& earlier) { return day_of(earlier, year, easter) == day; });
      if (!counted) --days;
    }
  }
  return days;
}

local_day business_calendar::add_working_days(local_day from, std::int64_t days) const {
  const date::days step(days < 0 ? -1 : 1);
  local_day day = from;
  // The span is bounded for a calendar that has no working day.
  for (int walked = 0; days != 0 && walked < longest_span_days; ++walked) {
    day += step;
    if (is_working_day(day)) days -= step.count();
  }
  return day;
}

}  // namespace plo::rules
