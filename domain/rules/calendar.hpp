// Working days: weekends and public holidays of a country, computed for any year.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/time.hpp"

namespace plo::rules {

/// Easter Sunday (Gregorian) of a year.
[[nodiscard]] local_day easter_sunday(int year);

/// One public holiday: a fixed date, or a distance from Easter Sunday.
struct holiday {
  std::string name;
  unsigned month = 0, day = 0;    // of a fixed one
  std::optional<int> easter_days;  // after Easter Sunday; negative: before
  int first_year = 0;              // observed from this year on …
  int last_year = 9999;            // … to this one
};

class business_calendar {
public:
  /// Monday to Friday, no holidays.
  business_calendar() = default;
  /// `weekend[0]` is Sunday.
  business_calendar(std::array<bool, 7> weekend, std::vector<holiday> holidays);

  [[nodiscard]] bool is_working_day(local_day day) const;
  /// Working days after `from` up to and with `to`; negative when `to` is before `from`. Cost grows with the years between, not the days,
  /// and spans beyond 200 years are cut there.
  [[nodiscard]] std::int64_t working_days_between(local_day from, local_day to) const;
  /// The day that lies `days` working days after (negative: before) `from`; a step counts only working days.
  [[nodiscard]] local_day add_working_days(local_day from, std::int64_t days) const;

private:
  std::array<bool, 7> weekend_{true, false, false, false, false, false, true};
  std::vector<holiday> holidays_;
};

/// By country code (ISO 3166-1 alpha-2).
class calendars {
public:
  calendars() = default;
  explicit calendars(std::map<std::string, business_calendar, std::less<>> by_country) : by_country_(std::move(by_country)) {}
  /// A country that is not known has the plain calendar.
  [[nodiscard]] const business_calendar& of(std::string_view country) const;

private:
  std::map<std::string, business_calendar, std::less<>> by_country_;
};

}  // namespace plo::rules
