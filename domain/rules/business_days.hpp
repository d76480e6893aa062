// Working days: weekends and public holidays of a country, computed for any year.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

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
  /// Working days d with from < d ≤ to; when `to` is before `from`, minus the number of those with to ≤ d < from: the day one starts from
  /// never counts, the day one arrives at does. Cost grows with the years between, not the days, and spans beyond 200 years are cut there.
  [[nodiscard]] std::int64_t working_days_between(local_day from, local_day to) const;
  /// The `days`-th working day after (negative: before) `from`, which itself does not count; `from` for 0, even when it is none.
  /// working_days_between(from, add_working_days(from, n)) is n.
  [[nodiscard]] local_day add_working_days(local_day from, std::int64_t days) const;

private:
  std::array<bool, 7> weekend_{true, false, false, false, false, false, true};
  std::vector<holiday> holidays_;
};

}  // namespace plo::rules
