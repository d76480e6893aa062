#include "domain/rules/countries.hpp"

#include <algorithm>
#include <utility>

#include "base/search_text.hpp"

namespace plo::rules {

namespace {

/// No name of a country is longer: what a client sends is not folded at any length.
constexpr std::size_t longest_name = 128;

/// Empty when it is no text that could be a name.
std::string folded(std::string_view text) { return text.size() > longest_name ? std::string() : plain_name(text); }

bool holds(const std::vector<std::string>& folded_names, std::string_view wanted) {
  return std::find(folded_names.begin(), folded_names.end(), wanted) != folded_names.end();
}

}  // namespace

const subdivision* country::named(std::string_view code_or_name) const {
  if (subdivisions.empty()) return nullptr;
  auto wanted = folded(code_or_name);
  if (wanted.empty()) return nullptr;
  const auto is_it = [&](const subdivision& s) { return holds(s.codes, wanted) || holds(s.names, wanted); };
  auto found = std::find_if(subdivisions.begin(), subdivisions.end(), is_it);
  if (found == subdivisions.end() && code_or_name.size() > 3 && code_or_name[2] == '-' && folded(code_or_name.substr(0, 2)) == folded(code)) {
    wanted.erase(0, 2);
    found = std::find_if(subdivisions.begin(), subdivisions.end(), [&](const subdivision& s) { return holds(s.codes, wanted); });
  }
  return found == subdivisions.end() ? nullptr : &*found;
}

const subdivision* country::at(std::string_view postal_code) const {
  const subdivision* found = nullptr;
  std::size_t longest = 0;
  for (const auto& s : subdivisions) {
    for (const auto& beginning : s.postal) {
      if (beginning.size() <= longest || !postal_code.starts_with(beginning)) continue;
      found = &s;
      longest = beginning.size();
    }
  }
  return found;
}

calendars::calendars(std::vector<country> countries) : countries_(std::move(countries)) {
  for (std::size_t i = 0; i < countries_.size(); ++i) {
    by_name_.emplace(folded(countries_[i].code), i);
    for (const auto& name : countries_[i].names) by_name_.emplace(folded(name), i);
    // Folded once, not at every question.
    for (auto& part : countries_[i].subdivisions) {
      for (auto& code : part.codes) code = folded(code);
      for (auto& name : part.names) name = folded(name);
    }
  }
}

const country* calendars::find(std::string_view code_or_name) const {
  const auto found = by_name_.find(folded(code_or_name));
  return found == by_name_.end() ? nullptr : &countries_[found->second];
}

}  // namespace plo::rules
