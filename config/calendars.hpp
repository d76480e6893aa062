// The working days of countries, and the reader of their TOML file (config/calendars.toml, which the binary carries with it).
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace plo::config {

/// A public holiday: a fixed date, or a distance from Easter Sunday.
struct holiday_settings {
  std::string name;
  unsigned month = 0, day = 0;     // of a fixed one
  std::optional<int> easter_days;  // after Easter Sunday; negative: before
  int first_year = 0;              // observed from this year on …
  int last_year = 9999;            // … to this one
};

/// A part of a country that has holidays beside the country's own.
struct subdivision_settings {
  std::vector<std::string> codes;   // of ISO 3166-2, without the country
  std::vector<std::string> names;
  std::vector<std::string> postal;  // digits that postal codes there begin with
  std::vector<holiday_settings> holidays;
};

struct calendar_settings {
  std::string country;             // ISO 3166-1 alpha-2
  std::vector<std::string> names;  // that the country goes by beside its code
  std::array<bool, 7> weekend{};   // from Sunday on
  std::vector<holiday_settings> holidays;
  std::vector<subdivision_settings> subdivisions;
};

/// Reads and checks a calendar file. As strict as read_settings.
[[nodiscard]] result<std::vector<calendar_settings>> read_calendars(const std::filesystem::path& file);

/// The same from text; `file` serves for messages.
[[nodiscard]] result<std::vector<calendar_settings>> parse_calendars(std::string_view toml, const std::filesystem::path& file);

/// The calendars that the binary carries with it.
[[nodiscard]] result<std::vector<calendar_settings>> built_in_calendars();

/// The ISO 3166-1 alpha-2 code of a country written as such a code in any case, or as one of the names of a country that has a built-in
/// calendar. Empty when it is neither.
[[nodiscard]] std::optional<std::string> country_code(std::string_view written);

}  // namespace plo::config
