#include "base/time.hpp"

#include <algorithm>
#include <stdexcept>

#include <date/tz.h>

namespace plo {

namespace {

constexpr std::int64_t ms_per_day = 86'400'000;

/// What parse_instant accepts and format_instant writes: 0001-01-01 to the end of 9999, in days since the epoch.
constexpr std::int64_t first_day = date::sys_days{date::year{1} / 1 / 1}.time_since_epoch().count();
constexpr std::int64_t last_day = date::sys_days{date::year{9999} / 12 / 31}.time_since_epoch().count();

/// `count` decimal digits at `at`; -1 when there are fewer.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  if (text.size() < at + count) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

void put(char* to, unsigned value, int width) {
  for (int i = width - 1; i >= 0; --i) {
    to[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

/// `YYYY-MM-DD` at the start of the text, in days since the epoch.
std::optional<std::int64_t> leading_day(std::string_view text) {
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const int y = digits(text, 0, 4);
  const int m = digits(text, 5, 2);
  const int d = digits(text, 8, 2);
  if (y < 1 || m < 1 || d < 1) return std::nullopt;
  const date::year_month_day ymd{date::year{y}, date::month{static_cast<unsigned>(m)}, date::day{static_cast<unsigned>(d)}};
  if (!ymd.ok()) return std::nullopt;
  return date::sys_days{ymd}.time_since_epoch().count();
}

/// Writes `YYYY-MM-DD`.
void put_day(char* to, std::int64_t day) {
  const date::year_month_day ymd{date::sys_days{date::days{static_cast<int>(std::clamp(day, first_day, last_day))}}};
  put(to, static_cast<unsigned>(static_cast<int>(ymd.year())), 4);
  to[4] = '-';
  put(to + 5, static_cast<unsigned>(ymd.month()), 2);
  to[7] = '-';
  put(to + 8, static_cast<unsigned>(ymd.day()), 2);
}

}  // namespace

std::optional<instant> parse_instant(std::string_view text) {
  const auto day = leading_day(text);
  if (!day || text.size() < 20) return std::nullopt;
  if (text[10] != 'T' && text[10] != 't' && text[10] != ' ') return std::nullopt;
  if (text[13] != ':' || text[16] != ':') return std::nullopt;
  const int hour = digits(text, 11, 2);
  const int minute = digits(text, 14, 2);
  const int second = digits(text, 17, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return std::nullopt;

  std::size_t at = 19;
  int fraction = 0;
  if (text[at] == '.') {
    const std::size_t start = ++at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      if (at - start < 3) fraction = fraction * 10 + (text[at] - '0');
    }
    if (at == start) return std::nullopt;
    for (std::size_t n = at - start; n < 3; ++n) fraction *= 10;
  }
  if (at >= text.size()) return std::nullopt;

  int offset_minutes = 0;
  if (text[at] == 'Z' || text[at] == 'z') {
    if (at + 1 != text.size()) return std::nullopt;
  } else if (text[at] == '+' || text[at] == '-') {
    if (at + 6 != text.size() || text[at + 3] != ':') return std::nullopt;
    const int h = digits(text, at + 1, 2);
    const int m = digits(text, at + 4, 2);
    if (h < 0 || h > 23 || m < 0 || m > 59) return std::nullopt;
    offset_minutes = (h * 60 + m) * (text[at] == '-' ? -1 : 1);
  } else {
    return std::nullopt;
  }

  const std::int64_t utc_minute = *day * 1440 + hour * 60 + minute - offset_minutes;
  std::int64_t ms = utc_minute * 60'000 + second * 1000 + fraction;
  if (second == 60) {
    // Leap seconds end a UTC day; in the middle of one `:60` is a mistake.
    if (((utc_minute % 1440) + 1440) % 1440 != 1439) return std::nullopt;
    ms = utc_minute * 60'000 + 59'999;
  }
  if (ms < first_day * ms_per_day || ms >= (last_day + 1) * ms_per_day) return std::nullopt;
  return instant{milliseconds{ms}};
}

instant within_written_years(instant at) {
  return std::clamp(at, instant{milliseconds{first_day * ms_per_day}}, instant{milliseconds{(last_day + 1) * ms_per_day - 1}});
}

bool can_be_written(instant at) { return within_written_years(at) == at; }

std::string format_instant(instant at) {
  const std::int64_t ms = within_written_years(at).time_since_epoch().count();
  std::int64_t day = ms / ms_per_day;
  std::int64_t rest = ms % ms_per_day;
  if (rest < 0) {
    rest += ms_per_day;
    --day;
  }
  std::string text = "0000-00-00T00:00:00.000Z";
  put_day(text.data(), day);
  put(text.data() + 11, static_cast<unsigned>(rest / 3'600'000), 2);
  put(text.data() + 14, static_cast<unsigned>(rest / 60'000 % 60), 2);
  put(text.data() + 17, static_cast<unsigned>(rest / 1000 % 60), 2);
  put(text.data() + 20, static_cast<unsigned>(rest % 1000), 3);
  return text;
}

std::optional<local_day> parse_day(std::string_view text) {
  if (text.size() != 10) return std::nullopt;
  const auto day = leading_day(text);
  if (!day) return std::nullopt;
  return local_day{date::days{static_cast<int>(*day)}};
}

std::string format_day(local_day day) {
  std::string text = "0000-00-00";
  put_day(text.data(), day.time_since_epoch().count());
  return text;
}

std::optional<std::chrono::minutes> parse_time_of_day(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const int hour = digits(text, 0, 2);
  const int minute = digits(text, 3, 2);
  if (hour < 0 || minute < 0 || minute > 59) return std::nullopt;
  if (hour > 23 && !(hour == 24 && minute == 0)) return std::nullopt;
  return std::chrono::minutes{hour * 60 + minute};
}

std::optional<milliseconds> parse_duration(std::string_view text) {
  // In the order in which ISO 8601 writes them.
  struct unit {
    char name;
    bool of_time;
    std::int64_t ms;
  };
  static constexpr unit units[] = {{'W', false, 7 * ms_per_day}, {'D', false, ms_per_day}, {'H', true, 3'600'000},
                                   {'M', true, 60'000},          {'S', true, 1000}};
  constexpr std::int64_t limit = 36'525 * ms_per_day;

  std::size_t at = 0;
  bool negative = false;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) negative = text[at++] == '-';
  if (at >= text.size() || text[at++] != 'P') return std::nullopt;

  std::int64_t total = 0;
  std::size_t next_unit = 0;
  bool in_time = false;
  bool complete = false;  // at least one component, and one behind the T
  bool fraction_seen = false;
  while (at < text.size()) {
    if (text[at] == 'T') {
      if (in_time) return std::nullopt;
      in_time = true;
      complete = false;
      ++at;
      continue;
    }
    // Only the last component may have a fraction.
    if (fraction_seen) return std::nullopt;
    std::int64_t whole = 0;
    std::size_t start = at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      whole = whole * 10 + (text[at] - '0');
      if (whole > limit) return std::nullopt;
    }
    if (at == start) return std::nullopt;
    double fraction = 0;
    if (at < text.size() && (text[at] == '.' || text[at] == ',')) {
      fraction_seen = true;
      start = ++at;
      double scale = 0.1;
      for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) fraction += scale * (text[at] - '0');
      if (at == start) return std::nullopt;
    }
    if (at >= text.size()) return std::nullopt;
    while (next_unit < std::size(units) && (units[next_unit].name != text[at] || units[next_unit].of_time != in_time)) {
      ++next_unit;
    }
    if (next_unit == std::size(units)) return std::nullopt;
    const std::int64_t ms = units[next_unit++].ms;
    if (whole > limit / ms) return std::nullopt;
    total += whole * ms + static_cast<std::int64_t>(fraction * static_cast<double>(ms) + 0.5);
    if (total > limit) return std::nullopt;
    complete = true;
    ++at;
  }
  if (!complete) return std::nullopt;
  return milliseconds{negative ? -total : total};
}

std::optional<zone> zone::find(std::string_view name) {
  try {
    return zone(date::locate_zone(name));
  } catch (const std::runtime_error&) {
    // The library knows no other way to say that there is no such zone.
    return std::nullopt;
  }
}

zone zone::utc() {
  static const date::time_zone* const tz = date::locate_zone("Etc/UTC");
  return zone(tz);
}

namespace {

/// The zone files tell changes of the clock up to 2037, and rules for ever: the library reads the former. A later year has its changes on the days of
/// one before with the same calendar; the days between the two.
date::days to_known_year(const date::time_zone& tz, int year) {
  constexpr int last_known = 2036;
  if (year <= last_known) return date::days{0};
  const auto offset_in = [&](date::month month) { return tz.get_info(local_day{date::year(last_known) / month / 1}).first.offset; };
  // Where the clocks are not changed any more, years in which they were tell nothing.
  if (offset_in(date::January) == offset_in(date::July)) return date::days{0};
  const auto first_of = [](int y) { return local_day{date::year(y) / date::January / 1}; };
  const auto is_alike = [&](int y) { return date::year(y).is_leap() == date::year(year).is_leap() && date::weekday(first_of(y)) == date::weekday(first_of(year)); };
  int alike = last_known;
  while (!is_alike(alike)) --alike;
  return first_of(year) - first_of(alike);
}

/// How far the zone is ahead of UTC.
std::chrono::seconds offset_at(const date::time_zone& tz, instant at) {
  const auto day = std::chrono::floor<date::days>(at);
  return tz.get_info(at - to_known_year(tz, static_cast<int>(date::year_month_day(day).year()))).offset;
}

}  // namespace

instant zone::at(local_day day, std::chrono::minutes after_midnight) const {
  // In all three cases the offset before the change is the right one: for a time that exists twice it gives the
  // earlier instant, for one that does not exist it moves forward by what the clocks skip.
  const auto local = date::local_time<milliseconds>{day} + after_midnight;
  const date::local_info info = tz_->get_info(local - to_known_year(*tz_, static_cast<int>(date::year_month_day(day).year())));
  return within_written_years(instant{local.time_since_epoch() - info.first.offset});
}

local_day zone::day_of(instant at) const {
  const auto offset = offset_at(*tz_, at);
  return local_day{std::chrono::floor<date::days>(within_written_years(at + offset).time_since_epoch())};
}

std::chrono::minutes zone::time_of(instant at) const {
  const auto shown = within_written_years(at + offset_at(*tz_, at)).time_since_epoch();
  return std::chrono::floor<std::chrono::minutes>(shown - std::chrono::floor<date::days>(shown));
}

}  // namespace plo
