// Which calendar holds for a project: that of the place its goods go to, else of its store, else of the server (RULES.md, "Zones and
// working days"). What is not understood is as if it had not been said.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "domain/rules/facts.hpp"

namespace plo::rules {

namespace {

// How shops, carriers and ERPs name the parts of an address. Of each part the first that is understood counts.
constexpr auto country_names = std::to_array<std::string_view>({"country", "country_code", "country_name", "country_iso", "countryCode"});
constexpr auto subdivision_names = std::to_array<std::string_view>({"subdivision", "subdivision_code", "state", "state_code", "region", "region_code",
                                                                    "province", "province_code", "department"});
constexpr auto postal_names = std::to_array<std::string_view>({"postal_code", "postcode", "zip", "zip_code", "zipcode", "postalCode"});

/// The digits of a postal code, with the zeros in front that spreadsheets and numbers lose: codes have five digits, or eight. Empty when it
/// has none.
std::string postal_digits(std::string_view written) {
  std::string digits;
  for (const char c : written.substr(0, 32))
    if (c >= '0' && c <= '9') digits += c;
  if (digits.size() == 4 || digits.size() == 7) digits.insert(0, 1, '0');
  return digits;
}

/// What was said about a place, as far as it is understood.
struct place {
  const country* in = nullptr;
  std::vector<std::string> subdivisions;  // as they are written
  std::string postal_code;                // digits

  /// The calendar of the part that it names of a country; null when it names none. A postal code names one whether or not it has
  /// holidays of its own.
  [[nodiscard]] const business_calendar* calendar_in(const country& of) const {
    for (const auto& written : subdivisions)
      if (const auto* part = of.named(written)) return &part->calendar;
    if (postal_code.empty()) return nullptr;
    const auto* part = of.at(postal_code);
    return part != nullptr ? &part->calendar : &of.calendar;
  }
};

place place_of(json::element address, const calendars& all) {
  place found;
  for (const auto name : country_names) {
    if (const auto text = json::get_string(address, name); text && found.in == nullptr) found.in = all.find(*text);
  }
  for (const auto name : subdivision_names) {
    if (const auto text = json::get_string(address, name)) found.subdivisions.emplace_back(*text);
  }
  for (const auto name : postal_names) {
    if (!found.postal_code.empty()) break;
    if (const auto text = json::get_string(address, name)) found.postal_code = postal_digits(*text);
    else if (const auto number = json::get_number(address, name); number && *number >= 0 && *number < 1e9)
      found.postal_code = postal_digits(std::to_string(static_cast<std::int64_t>(*number)));
  }
  // FR-67 names a country too.
  for (const auto& written : found.subdivisions) {
    if (found.in == nullptr && written.size() > 3 && written[2] == '-') found.in = all.find(std::string_view(written).substr(0, 2));
  }
  return found;
}

place place_of(const store& at, const calendars& all) {
  place found;
  found.in = all.find(at.country);
  // A postal code of a country without a calendar means nothing in another one.
  if (found.in != nullptr || at.country.empty()) found.postal_code = postal_digits(at.postal_code);
  return found;
}

/// Where a project is at home: what holds where an address says nothing.
class home {
public:
  home(const project_state& state, const domain_settings& settings, const calendars& all) : all_(all) {
    if (const auto* at = store_of(state, settings)) store_ = place_of(*at, all);
    country_ = store_.in != nullptr ? store_.in : all.find(settings.country);
  }

  /// The calendar of an address; null when nothing of it is understood.
  [[nodiscard]] const business_calendar* calendar_of(const std::string& address) const {
    const auto parsed = json_document::parse(address);
    if (!parsed || !parsed->root().is_object()) return nullptr;
    const auto to = place_of(parsed->root(), all_);
    const auto* in = to.in != nullptr ? to.in : country_;
    const auto* part = in != nullptr ? to.calendar_in(*in) : nullptr;
    if (part != nullptr || to.in == nullptr) return part;
    return &calendar_in(*to.in);
  }
  [[nodiscard]] const business_calendar& calendar() const {
    static const business_calendar plain;
    return country_ != nullptr ? calendar_in(*country_) : plain;
  }

private:
  /// In its own country the store says which part it is.
  [[nodiscard]] const business_calendar& calendar_in(const country& in) const {
    const auto* part = &in == country_ ? store_.calendar_in(in) : nullptr;
    return part != nullptr ? *part : in.calendar;
  }

  const calendars& all_;
  place store_;
  const country* country_ = nullptr;
};

}  // namespace

const business_calendar& calendar_of(const project_state& state, const order* o, const domain_settings& settings) {
  static const calendars none;
  const home at(state, settings, settings.calendars ? *settings.calendars : none);
  const auto of_order = [&](const order& of) { return of.delivery_address.has() ? at.calendar_of(*of.delivery_address.value) : nullptr; };
  if (o != nullptr) {
    const auto* found = of_order(*o);
    return found != nullptr ? *found : at.calendar();
  }
  for (const auto& each : state.orders)
    if (const auto* found = of_order(each)) return *found;
  return at.calendar();
}

}  // namespace plo::rules
