#include "config/calendars.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include <date/date.h>
#include <toml++/toml.h>

#include "config/embedded.hpp"
#include "config/section.hpp"

namespace plo::config {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 7> weekday_names{"sunday",   "monday", "tuesday", "wednesday",
                                                        "thursday", "friday", "saturday"};

/// `MM-DD`, of a leap year.
std::string read_date(std::string_view text, holiday_settings& out) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool is_date = text.size() == 5 && text[2] == '-' && is_digit(text[0]) && is_digit(text[1]) && is_digit(text[3]) && is_digit(text[4]);
  if (is_date) {
    out.month = static_cast<unsigned>((text[0] - '0') * 10 + text[1] - '0');
    out.day = static_cast<unsigned>((text[3] - '0') * 10 + text[4] - '0');
  }
  if (!is_date || !date::month_day(date::month(out.month), date::day(out.day)).ok()) {
    return fmt::format("'{}' is not a day of the year such as 07-14", text);
  }
  return {};
}

holiday_settings read_holiday(section& in) {
  holiday_settings out;
  in.text("name", [&](const std::string& value) -> std::string {
    out.name = value;
    return value.empty() ? "a name is needed" : "";
  });
  if (out.name.empty()) refuse(in.where(), fmt::format("{} needs a name", in.path()));
  in.text("date", [&](const std::string& value) { return read_date(value, out); });
  // So far from Easter that the day would lie in another year is a mistake.
  if (in.find<std::int64_t>("easter")) in.integer("easter", out.easter_days.emplace(), -80, 250);
  if ((out.month != 0) == out.easter_days.has_value()) {
    refuse(in.where(), fmt::format("{} ({}) needs exactly one of date and easter", in.path(), out.name));
  }
  in.integer("first_year", out.first_year, 1, 9999);
  in.integer("last_year", out.last_year, 1, 9999);
  if (out.last_year < out.first_year) {
    refuse(in.where(), fmt::format("{} ({}) ends before it begins", in.path(), out.name));
  }
  in.finish();
  return out;
}

calendar_settings read_calendar(section& in, const std::string& country) {
  calendar_settings out{country, {}, {}};
  bool has_weekend = false;
  in.texts("weekend", [&](const std::string& value) -> std::string {
    const auto day = std::find(weekday_names.begin(), weekday_names.end(), value);
    if (day == weekday_names.end()) return fmt::format("'{}' is not a day of the week such as sunday", value);
    if (std::exchange(out.weekend[static_cast<std::size_t>(day - weekday_names.begin())], true)) return fmt::format("{} comes twice", value);
    has_weekend = true;
    return {};
  });
  if (!has_weekend) refuse(in.where(), fmt::format("{} needs a weekend", in.path()));
  if (std::find(out.weekend.begin(), out.weekend.end(), false) == out.weekend.end()) {
    refuse(in.where(), fmt::format("{}: a week needs a working day", in.path()));
  }
  if (const auto* list = in.find<toml::array>("holidays")) {
    for (const toml::node& element : *list->as_array()) {
      if (!element.is_table()) refuse(element.source(), fmt::format("each element of {} must be a table", in.name_of("holidays")));
      section holiday(*element.as_table(), in.name_of("holidays"));
      out.holidays.push_back(read_holiday(holiday));
    }
  }
  return out;
}

std::vector<calendar_settings> read_root(const toml::table& table) {
  std::vector<calendar_settings> out;
  section root(table, "");
  for (const auto& country : root.keys()) {
    const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (country.size() != 2 || !std::all_of(country.begin(), country.end(), upper)) {
      refuse(root.where_key(country), fmt::format("'{}' is not an ISO 3166 code of two capital letters", country));
    }
    root.table(country, [&](section& in) { out.push_back(read_calendar(in, country)); });
  }
  return out;
}

}  // namespace

result<std::vector<calendar_settings>> parse_calendars(std::string_view toml, const fs::path& file) {
  const auto refused = [&](std::uint32_t line, std::string reason) {
    return tl::make_unexpected(config_error{file.string(), line, std::move(reason)});
  };
  try {
    return read_root(toml::parse(toml, file.string()));
  } catch (const toml::parse_error& error) {
    return refused(error.source().begin.line, std::string(error.description()));
  } catch (const refusal& error) {
    return refused(error.line, error.reason);
  }
}

result<std::vector<calendar_settings>> read_calendars(const fs::path& file) {
  std::error_code ignored;
  std::ifstream in(file, std::ios::binary);
  if (!fs::is_regular_file(file, ignored) || !in) return tl::make_unexpected(config_error{file.string(), 0, "the file cannot be read"});
  return parse_calendars(std::string(std::istreambuf_iterator<char>(in), {}), file);
}

result<std::vector<calendar_settings>> built_in_calendars() {
  return parse_calendars(embedded::calendars, "calendars.toml");
}

}  // namespace plo::config
