#include "domain/rules/countries.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include <utf8proc.h>

namespace plo::rules {

namespace {

/// No name of a country is longer: what a client sends is not folded at any length.
constexpr std::size_t longest_name = 128;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (static_cast<unsigned char>(c) & 0x80) != 0;
}

/// Letters and digits alone, without case and accents; empty when it is no text that could be a name. (config/calendars.cpp compares so too.)
std::string folded(std::string_view text) {
  if (text.size() > longest_name) return {};
  constexpr auto how = static_cast<utf8proc_option_t>(UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK | UTF8PROC_CASEFOLD |
                                                      UTF8PROC_STRIPCC | UTF8PROC_IGNORE);
  utf8proc_uint8_t* mapped = nullptr;
  const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()), &mapped, how);
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  if (size < 0) return {};
  std::string out(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size));
  // The one letter of these languages that Unicode does not take apart.
  for (auto at = out.find("\u0142"); at != std::string::npos; at = out.find("\u0142", at)) out.replace(at, 2, "l");
  std::erase_if(out, [](char c) { return !is_letter_or_digit(c); });
  return out;
}

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
