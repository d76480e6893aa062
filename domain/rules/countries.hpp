// Which calendar holds where: countries by code and name, their parts by code, name and postal code.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "domain/rules/business_days.hpp"

namespace plo::rules {

/// A part of a country that has holidays of its own.
struct subdivision {
  std::vector<std::string> codes;   // of ISO 3166-2, without the country
  std::vector<std::string> names;
  std::vector<std::string> postal;  // how postal codes there begin
  business_calendar calendar;       // the country's holidays are in it too
};

struct country {
  std::string code;                // ISO 3166-1 alpha-2
  std::vector<std::string> names;  // in several languages, and the alpha-3 code
  business_calendar calendar;
  std::vector<subdivision> subdivisions = {};

  /// The subdivision that a code ("67", "FR-67") or a name stands for; null when it has no holidays of its own. Names are compared as
  /// calendars::find does. For a country that calendars holds.
  [[nodiscard]] const subdivision* named(std::string_view code_or_name) const;
  /// The subdivision of a postal code, digits alone: of those whose beginning fits the longest; null when none does.
  [[nodiscard]] const subdivision* at(std::string_view postal_code) const;
};

/// The countries that have a calendar here.
class calendars {
public:
  calendars() = default;
  explicit calendars(std::vector<country> countries);

  /// The country that a code in any case or a name stands for; null when it has no calendar here. Case, accents and whatever is neither
  /// letter nor digit do not matter.
  [[nodiscard]] const country* find(std::string_view code_or_name) const;

private:
  std::vector<country> countries_;
  std::map<std::string, std::size_t, std::less<>> by_name_;  // folded codes and names → place in countries_
};

}  // namespace plo::rules
