#include "http/parameters.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plo::http {

std::uint64_t parameters::number(std::string_view name, std::uint64_t least, std::uint64_t most,
                                 std::uint64_t otherwise) {
  if (!request_.has_parameter(name)) return otherwise;
  const auto value = request_.parameter(name);
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), n);
  if (error != std::errc() || end != value.data() + value.size() || n < least || n > most) {
    fault(name, fmt::format("must be a whole number from {} to {}", least, most));
    return otherwise;
  }
  return n;
}

std::optional<double> parameters::share(std::string_view name) {
  if (!request_.has_parameter(name)) return std::nullopt;
  const auto value = request_.parameter(name);
  double n = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), n);
  if (error == std::errc() && end == value.data() + value.size() && n >= 0 && n <= 1) return n;
  fault(name, "must be a number from 0 to 1");
  return std::nullopt;
}

std::string parameters::text(std::string_view name, std::size_t longest) {
  const auto value = request_.parameter(name);
  if (value.size() > longest) fault(name, fmt::format("must be at most {} bytes", longest));
  return std::string(value);
}

std::optional<instant> parameters::time(std::string_view name, const zone& tz) {
  if (!request_.has_parameter(name)) return std::nullopt;
  const auto value = request_.parameter(name);
  if (const auto at = parse_instant(value)) return at;
  if (const auto day = parse_day(value)) return tz.at(*day);
  fault(name, "must be an RFC 3339 instant or a date");
  return std::nullopt;
}

std::string parameters::word(std::string_view name, std::initializer_list<std::string_view> words) {
  const auto value = request_.parameter(name);
  if (!value.empty() && std::find(words.begin(), words.end(), value) == words.end())
    fault(name, fmt::format("must be one of {}", fmt::join(words, ", ")));
  return std::string(value);
}

void parameters::fault(std::string_view name, std::string message) {
  errors_.push_back({fmt::format("/{}", name), std::move(message)});
}

problem parameters::refusal() const { return make_problem(422, "the query has faults", errors_); }

}  // namespace plo::http
