#include "http/server/parameters.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "domain/event/payload_schema.hpp"

namespace plo::http {

namespace {

using names = std::set<std::string, std::less<>>;

/// How many letters differ (Levenshtein's distance).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j)
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)}));
  }
  return row[b.size()];
}

/// A typing mistake in a filter must not show everything: it is told, with the name that was probably meant.
std::string stranger(std::string_view name, const names& known) {
  constexpr std::size_t longest = 64;
  if (known.empty()) return "is not a parameter: there are none here";
  std::string cut(name.substr(0, longest));
  for (char& c : cut)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  const auto nearest = std::min_element(known.begin(), known.end(), [&](const auto& a, const auto& b) { return distance(cut, a) < distance(cut, b); });
  return fmt::format("is not a parameter here; the nearest is {}", *nearest);
}

}  // namespace

std::uint64_t parameters::number(std::string_view name, std::uint64_t least, std::uint64_t most,
                                 std::uint64_t otherwise) {
  if (!is_given(name)) return otherwise;
  const auto given = value(name);
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), n);
  if (error != std::errc() || end != given.data() + given.size() || n < least || n > most) {
    fault(name, fmt::format("must be a whole number from {} to {}", least, most));
    return otherwise;
  }
  return n;
}

std::optional<double> parameters::share(std::string_view name) {
  if (!is_given(name)) return std::nullopt;
  const auto given = value(name);
  double n = 0;
  const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), n);
  if (error == std::errc() && end == given.data() + given.size() && n >= 0 && n <= 1) return n;
  fault(name, "must be a number from 0 to 1");
  return std::nullopt;
}

std::string parameters::text(std::string_view name, std::size_t longest) {
  const auto given = value(name);
  if (given.size() > longest) fault(name, fmt::format("must be at most {} bytes", longest));
  return std::string(given);
}

std::optional<instant> parameters::time(std::string_view name, const zone& tz) {
  if (!is_given(name)) return std::nullopt;
  const auto given = value(name);
  std::string text(given);
  // `…T00:00:00+02:00` in a query is `…T00:00:00 02:00` once it is decoded.
  constexpr std::size_t offset_size = 6;
  if (text.size() > offset_size && text[text.size() - offset_size] == ' ') text[text.size() - offset_size] = '+';
  if (const auto at = parse_instant(text)) return at;
  if (const auto day = parse_day(text)) return tz.at(*day);
  fault(name, "must be an RFC 3339 instant or a date");
  return std::nullopt;
}

std::string parameters::word(std::string_view name, std::initializer_list<std::string_view> words) {
  const auto given = value(name);
  if (is_given(name) && std::find(words.begin(), words.end(), given) == words.end())
    fault(name, fmt::format("must be one of {}", fmt::join(words, ", ")));
  return std::string(given);
}

void parameters::fault(std::string_view name, std::string message) {
  errors_.push_back({fmt::format("/{}", name), std::move(message)});
}

std::string_view parameters::value(std::string_view name) {
  known_.emplace(name);
  return request_.parameter(name);
}

bool parameters::is_given(std::string_view name) {
  known_.emplace(name);
  return request_.has_parameter(name);
}

bool parameters::ok() {
  if (!std::exchange(looked_for_strangers_, true))
    for (const auto& [name, ignored] : request_.query)
      if (!known_.contains(name)) errors_.push_back({pointer_to("", name), stranger(name, known_)});
  return errors_.empty();
}

std::optional<problem> refuse_query(const request& r) {
  if (r.query.empty()) return std::nullopt;
  std::vector<field_error> errors;
  for (const auto& [name, ignored] : r.query) errors.push_back({pointer_to("", name), stranger(name, {})});
  return make_problem(422, "the query has faults", std::move(errors));
}

problem parameters::refusal() const { return make_problem(422, "the query has faults", errors_); }

}  // namespace plo::http
