// Instants, days and the zone that joins them. Nothing here reads a clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <date/date.h>

namespace date {
class time_zone;
}

namespace plo {

/// A point in time, in milliseconds since the Unix epoch, UTC.
using instant = std::chrono::sys_time<std::chrono::milliseconds>;
using milliseconds = std::chrono::milliseconds;

/// A calendar day of the server's zone, in days since 1970-01-01.
using local_day = date::local_days;

/// Parses RFC 3339 with any offset (`Z`, `+02:00`), `T` or a space or `t` between date and time, fractions cut to milliseconds.
/// A leap second (`:60`) is read as the last millisecond before it. Years 0001 to 9999. Nothing else is accepted.
[[nodiscard]] std::optional<instant> parse_instant(std::string_view text);

/// `2025-06-15T14:32:00.000Z`
[[nodiscard]] std::string format_instant(instant at);

/// Whether the instant comes back as it is when it is written and parsed: within the years 1 to 9999.
[[nodiscard]] bool can_be_written(instant at);

/// The instant itself, or the nearest one that can be written: what offsets carry out of the years must come back as it is held.
[[nodiscard]] instant within_written_years(instant at);

/// Parses `YYYY-MM-DD` (a real calendar day).
[[nodiscard]] std::optional<local_day> parse_day(std::string_view text);

/// `2025-06-15`
[[nodiscard]] std::string format_day(local_day day);

/// Parses `HH:MM` (00:00 to 23:59, and 24:00) into minutes after midnight.
[[nodiscard]] std::optional<std::chrono::minutes> parse_time_of_day(std::string_view text);

/// Parses an ISO 8601 duration of days, hours, minutes, seconds and weeks (`P3D`, `PT72H`, `-PT8H`, `P1DT12H`, `PT1.5S`).
/// Years and months are refused: they have no fixed length. At most 100 years.
[[nodiscard]] std::optional<milliseconds> parse_duration(std::string_view text);


/// A time zone of the IANA database. A value: cheap to copy, compares by name.
class zone {
public:
  /// Empty when the database has no zone of that name.
  [[nodiscard]] static std::optional<zone> find(std::string_view name);
  [[nodiscard]] static zone utc();

  /// The instant of a local time; one that does not exist (spring) moves forward, one that exists twice is the earlier.
  [[nodiscard]] instant at(local_day day, std::chrono::minutes after_midnight = std::chrono::minutes{0}) const;
  /// The day of this zone in which an instant lies.
  [[nodiscard]] local_day day_of(instant at) const;
  /// What a clock on the wall shows then, in whole minutes after midnight.
  [[nodiscard]] std::chrono::minutes time_of(instant at) const;

private:
  explicit zone(const date::time_zone* tz) : tz_(tz) {}
  const date::time_zone* tz_;
};

}  // namespace plo
