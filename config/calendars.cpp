#include "config/calendars.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include <date/date.h>
#include <toml++/toml.h>

#include "base/search_text.hpp"
#include "config/embedded.hpp"
#include "config/section.hpp"

namespace plo::config {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 7> weekday_names{"sunday",   "monday", "tuesday", "wednesday",
                                                        "thursday", "friday", "saturday"};

/// Every officially assigned code of ISO 3166-1.
constexpr std::string_view country_codes =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI "
    "CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ "
    "GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS "
    "LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG "
    "PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK "
    "TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW ";

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

/// One holiday, or one for each of its `years`.
void read_holiday(section& in, std::vector<holiday_settings>& all) {
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
  const bool has_span = in.find<std::int64_t>("first_year") != nullptr || in.find<std::int64_t>("last_year") != nullptr;
  in.integer("first_year", out.first_year, 1, 9999);
  in.integer("last_year", out.last_year, 1, 9999);
  if (out.last_year < out.first_year) {
    refuse(in.where(), fmt::format("{} ({}) ends before it begins", in.path(), out.name));
  }
  int latest = 0;
  in.integers("years", 1, 9999, [&](std::int64_t year) -> std::string {
    if (has_span) return "first_year and last_year say it already";
    if (year <= latest) return fmt::format("{} does not come after {}", year, latest);
    latest = static_cast<int>(year);
    out.first_year = out.last_year = latest;
    all.push_back(out);
    return {};
  });
  if (latest == 0 && in.find<toml::array>("years") != nullptr) refuse(in.where(), fmt::format("{} ({}) has no years", in.path(), out.name));
  if (latest == 0) all.push_back(std::move(out));
}

void read_holidays(section& in, std::vector<holiday_settings>& out) {
  in.tables("holidays", [&](section& holiday) { read_holiday(holiday, out); });
}

void read_names(section& in, std::vector<std::string>& out) {
  in.texts("names", [&](const std::string& value) -> std::string {
    if (plain_name(value).empty()) return fmt::format("'{}' holds neither letter nor digit", value);
    out.push_back(value);
    return {};
  });
}

/// `taken`: what the subdivisions before said, so that none is said twice.
subdivision_settings read_subdivision(section& in, std::set<std::string>& taken) {
  subdivision_settings out;
  const auto take = [&](std::string key, const std::string& value) {
    return taken.insert(std::move(key)).second ? std::string() : fmt::format("'{}' comes twice", value);
  };
  in.texts("codes", [&](const std::string& value) -> std::string {
    const auto allowed = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
    if (value.empty() || value.size() > 3 || !std::all_of(value.begin(), value.end(), allowed)) {
      return fmt::format("'{}' is not the part of an ISO 3166-2 code behind the country's", value);
    }
    out.codes.push_back(value);
    return take(plain_name(value), value);
  });
  read_names(in, out.names);
  for (const auto& name : out.names) {
    if (const auto reason = take(plain_name(name), name); !reason.empty()) refuse(in.where(), fmt::format("{}: {}", in.name_of("names"), reason));
  }
  in.texts("postal", [&](const std::string& value) -> std::string {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (value.empty() || value.size() > 8 || !std::all_of(value.begin(), value.end(), is_digit)) {
      return fmt::format("'{}' is not how a postal code begins: one to eight digits", value);
    }
    out.postal.push_back(value);
    return take("postal " + value, value);
  });
  if (out.codes.empty() && out.names.empty() && out.postal.empty()) {
    refuse(in.where(), fmt::format("{} needs one of codes, names and postal", in.path()));
  }
  read_holidays(in, out.holidays);
  if (out.holidays.empty()) refuse(in.where(), fmt::format("{} needs holidays of its own", in.path()));
  return out;
}

calendar_settings read_calendar(section& in, const std::string& country) {
  calendar_settings out;
  out.country = country;
  read_names(in, out.names);
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
  read_holidays(in, out.holidays);
  std::set<std::string> taken;
  in.tables("subdivisions", [&](section& part) { out.subdivisions.push_back(read_subdivision(part, taken)); });
  return out;
}

std::vector<calendar_settings> read_root(const toml::table& table) {
  std::vector<calendar_settings> out;
  std::map<std::string, std::string> named;  // plain name or code → country
  section root(table, "");
  for (const auto& country : root.keys()) {
    const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (country.size() != 2 || !std::all_of(country.begin(), country.end(), upper)) {
      refuse(root.where_key(country), fmt::format("'{}' is not an ISO 3166 code of two capital letters", country));
    }
    named.emplace(plain_name(country), country);
  }
  for (const auto& country : root.keys()) {
    root.table(country, [&](section& in) {
      out.push_back(read_calendar(in, country));
      for (const auto& name : out.back().names) {
        const auto [other, is_new] = named.emplace(plain_name(name), country);
        if (!is_new) refuse(in.where(), fmt::format("{}: '{}' names {} already", in.name_of("names"), name, other->second));
      }
    });
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

std::optional<std::string> country_code(std::string_view written) {
  std::string code(written);
  for (char& c : code)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  const auto at = code.size() == 2 ? country_codes.find(code + " ") : std::string_view::npos;
  if (at != std::string_view::npos) return code;
  static const auto known = built_in_calendars().value();
  const auto name = plain_name(written);
  for (const auto& calendar : known) {
    const auto is_it = [&](const std::string& other) { return plain_name(other) == name; };
    if (!name.empty() && std::any_of(calendar.names.begin(), calendar.names.end(), is_it)) return calendar.country;
  }
  return std::nullopt;
}

}  // namespace plo::config
