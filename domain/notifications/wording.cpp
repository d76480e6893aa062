#include "domain/notifications/wording.hpp"

#include <cmath>
#include <initializer_list>
#include <utility>

#include <date/date.h>
#include <fmt/format.h>

#include "base/json.hpp"
#include "domain/notifications/mime.hpp"

namespace plo::notifications {

namespace {

std::string fill(std::string_view pattern, std::initializer_list<std::pair<std::string_view, std::string>> values) {
  std::string text(pattern);
  for (const auto& [name, value] : values) {
    const auto tag = fmt::format("{{{}}}", name);
    if (const auto at = text.find(tag); at != std::string::npos) text.replace(at, tag.size(), value);
  }
  return text;
}

void add(std::string& line, std::string_view part, std::string_view separator) {
  if (part.empty()) return;
  if (!line.empty()) line += separator;
  line += part;
}

/// The first of these members that is a text or a number.
std::string first_of(json::element object, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const auto text = json::get_string(object, name); text && !text->empty()) return std::string(*text);
    if (const auto number = json::get_number(object, name)) return fmt::format("{}", *number);
  }
  return {};
}

/// Every text in it, for an address of a form that nobody foresaw.
void all_texts(json::element value, std::string& line) {
  if (std::string_view text; !value.get_string().get(text)) add(line, text, ", ");
  if (simdjson::dom::object object; !value.get_object().get(object))
    for (const auto& field : object) all_texts(field.value, line);
  if (simdjson::dom::array array; !value.get_array().get(array))
    for (const auto item : array) all_texts(item, line);
}

}  // namespace

std::string wording::day(local_day day) const {
  const date::year_month_day ymd(day);
  const auto& words = templates_.calendar;
  return fill(words.day, {{"weekday", words.weekdays.at(date::weekday(day).c_encoding())},
                          {"day", std::to_string(static_cast<unsigned>(ymd.day()))},
                          {"month", words.months.at(static_cast<unsigned>(ymd.month()) - 1)},
                          {"year", std::to_string(static_cast<int>(ymd.year()))}});
}

std::string wording::clock(std::chrono::minutes after_midnight) {
  return fmt::format("{:02}:{:02}", after_midnight.count() / 60, after_midnight.count() % 60);
}

std::string wording::moment(instant at) const {
  return fill(templates_.calendar.moment, {{"date", day(tz_.day_of(at))}, {"time", clock(tz_.time_of(at))}});
}

std::string wording::slot(instant start, std::optional<instant> end) const {
  if (!end) return moment(start);
  if (tz_.day_of(start) != tz_.day_of(*end)) return moment(start) + " – " + moment(*end);
  return fill(templates_.calendar.slot, {{"date", day(tz_.day_of(start))}, {"start", clock(tz_.time_of(start))},
                                         {"end", clock(tz_.time_of(*end))}});
}

std::string wording::duration(milliseconds time) const {
  const auto minutes = std::chrono::floor<std::chrono::minutes>(time).count();
  const std::pair<std::string_view, std::int64_t> units[] = {
      {"unit_day", minutes / 1440}, {"unit_hour", minutes / 60 % 24}, {"unit_minute", minutes % 60}};
  std::string text;
  int used = 0;
  for (const auto& [unit, count] : units) {
    if (count == 0 || used == 2) continue;
    add(text, fmt::format("{} {}", count, word(unit)), " ");
    ++used;
  }
  return text.empty() ? fmt::format("0 {}", word("unit_minute")) : text;
}

std::string wording::number(double n) const {
  if (std::abs(n) < 1e15 && std::trunc(n) == n) return fmt::format("{}", static_cast<std::int64_t>(n));
  auto text = fmt::format("{:.6g}", n);
  if (const auto point = text.find('.'); point != std::string::npos) text.replace(point, 1, templates_.calendar.decimal_point);
  return text;
}

std::string wording::word(std::string_view key) const {
  const auto found = templates_.words.find(key);
  return found == templates_.words.end() ? std::string(key) : found->second;
}

std::string wording::address(std::string_view text) {
  const auto document = json_document::parse(text);
  if (!document) return one_line(text, 300);
  const auto root = document->root();
  std::string line;
  if (root.is_object()) {
    add(line, first_of(root, {"name", "recipient", "company"}), ", ");
    add(line, first_of(root, {"street", "line1", "address_line_1", "address1", "street_line1", "address", "line"}), ", ");
    add(line, first_of(root, {"line2", "address_line_2", "address2", "street_line2", "complement"}), ", ");
    std::string city = first_of(root, {"postal_code", "postcode", "zip", "zip_code", "zipcode"});
    const auto town = first_of(root, {"city", "town", "locality"});
    add(city, town, " ");
    add(line, city, ", ");
    add(line, first_of(root, {"state", "region"}), ", ");
    add(line, first_of(root, {"country", "country_code"}), ", ");
    if (town.empty()) line.clear();
  }
  if (line.empty()) all_texts(root, line);
  return one_line(line, 300);
}

}  // namespace plo::notifications
