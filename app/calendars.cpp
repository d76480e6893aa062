#include "app/calendars.hpp"

#include <stdexcept>
#include <utility>
#include <vector>

namespace plo::app {

namespace {

void add(std::vector<rules::holiday>& to, const std::vector<config::holiday_settings>& from) {
  for (const auto& h : from) to.push_back({h.name, h.month, h.day, h.easter_days, h.first_year, h.last_year});
}

}  // namespace

std::shared_ptr<const rules::calendars> calendars_of(const config::result<std::vector<config::calendar_settings>>& read) {
  if (!read) throw std::runtime_error(read.error().message());
  std::vector<rules::country> all;
  for (const auto& from : *read) {
    std::vector<rules::holiday> national;
    add(national, from.holidays);
    std::vector<rules::subdivision> parts;
    for (const auto& part : from.subdivisions) {
      auto holidays = national;
      add(holidays, part.holidays);
      parts.push_back({part.codes, part.names, part.postal, rules::business_calendar(from.weekend, std::move(holidays))});
    }
    all.push_back({from.country, from.names, rules::business_calendar(from.weekend, std::move(national)), std::move(parts)});
  }
  return std::make_shared<const rules::calendars>(std::move(all));
}

}  // namespace plo::app
