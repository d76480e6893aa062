// What an evaluation does with lists, texts and times.
#include <algorithm>
#include <cmath>

#include "domain/rules/evaluator.hpp"

namespace plo::rules {

namespace {

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

}  // namespace

// --- Lists ---

value evaluator::map(const node& n, const scope& in) {
  const value list = operand(n, 0, in);
  if (list.what() != value::kind::array) return value::of(std::span<const value>());
  const auto results = allocate<value>(list.as_array().size(), work_.memory);
  for (std::size_t i = 0; i < results.size() && work_.spend(1); ++i) {
    results[i] = operand(n, 1, {scope::kind::element, list.as_array()[i], {}});
  }
  return value::of(std::span<const value>(results));
}

value evaluator::filter(const node& n, const scope& in) {
  const value list = operand(n, 0, in);
  if (list.what() != value::kind::array) return value::of(std::span<const value>());
  const auto results = allocate<value>(list.as_array().size(), work_.memory);
  std::size_t count = 0;
  for (const value& item : list.as_array()) {
    if (!work_.spend(1)) break;
    if (truthy(operand(n, 1, {scope::kind::element, item, {}}))) results[count++] = item;
  }
  return value::of(std::span<const value>(results.first(count)));
}

value evaluator::reduce(const node& n, const scope& in) {
  const value list = operand(n, 0, in);
  value accumulator = operand(n, 2, in);
  if (list.what() != value::kind::array) return accumulator;
  for (const value& item : list.as_array()) {
    if (!work_.spend(1)) break;
    accumulator = operand(n, 1, {scope::kind::reduction, item, accumulator});
  }
  return accumulator;
}

/// `all`, `some`, `none`. Of an empty list (or no list) `none` alone holds.
value evaluator::quantifier(const node& n, const scope& in) {
  const value list = operand(n, 0, in);
  if (list.what() != value::kind::array || list.as_array().empty()) return value::of(n.code == op::none);
  const bool looks_for = n.code != op::all;
  for (const value& item : list.as_array()) {
    if (!work_.spend(1)) break;
    if (truthy(operand(n, 1, {scope::kind::element, item, {}})) == looks_for) return value::of(n.code == op::some);
  }
  return value::of(n.code != op::some);
}

value evaluator::merge(const node& n, const scope& in) {
  const auto parts = operands(n, in);
  const auto size_of = [](const value& part) { return part.what() == value::kind::array ? part.as_array().size() : 1; };
  std::size_t size = 0;
  for (const value& part : parts) size += size_of(part);
  if (!work_.spend(size)) return {};
  const auto merged = allocate<value>(size, work_.memory);
  auto to = merged.begin();
  for (const value& part : parts) {
    if (part.what() == value::kind::array) to = std::copy(part.as_array().begin(), part.as_array().end(), to);
    else *to++ = part;
  }
  return value::of(std::span<const value>(merged));
}

value evaluator::contained(const node& n, const scope& in) {
  const value needle = operand(n, 0, in);
  const value haystack = operand(n, 1, in);
  switch (haystack.what()) {
    case value::kind::array: {
      const auto items = haystack.as_array();
      return value::of(std::any_of(items.begin(), items.end(), [&](const value& item) { return strictly_equal(needle, item, work_); }));
    }
    case value::kind::text:
    case value::kind::instant:
    case value::kind::day: {
      const auto text = to_text(haystack, work_), part = to_text(needle, work_);
      // A search for one repetitive text in another compares them at every place.
      if (part.size() > text.size() || !work_.spend_bytes(text.size() + text.size() / 16 * part.size())) return value::of(false);
      // JavaScript's empty text is no text to look into.
      return value::of(!text.empty() && text.find(part) != std::string_view::npos);
    }
    default: return value::of(false);
  }
}

// --- Texts ---

/// Counts characters (code points), not bytes.
value evaluator::substr(const node& n, const scope& in) {
  const auto text = to_text(operand(n, 0, in), work_);
  if (!work_.spend_bytes(text.size())) return {};
  const auto continuations = std::count_if(text.begin(), text.end(), is_continuation);
  const auto size = static_cast<double>(text.size()) - static_cast<double>(continuations);
  const auto whole = [&](std::uint32_t i) {
    const double number = to_number(operand(n, i, in), work_);
    return std::isnan(number) ? 0 : std::trunc(number);
  };
  const double start = n.count > 1 ? whole(1) : 0;
  const double first = start < 0 ? std::max(size + start, 0.0) : std::min(start, size);
  // A negative length leaves out so many at the end.
  double length = n.count > 2 ? whole(2) : size;
  length = length < 0 ? std::max(size - first + length, 0.0) : std::min(length, size - first);
  if (continuations == 0) return value::of(text.substr(static_cast<std::size_t>(first), static_cast<std::size_t>(length)));

  const auto skip = [&](std::size_t at, double characters) {
    for (; characters > 0 && at < text.size(); --characters) {
      do ++at;
      while (at < text.size() && is_continuation(text[at]));
    }
    return at;
  };
  const std::size_t from = skip(0, first);
  return value::of(text.substr(from, skip(from, length) - from));
}

// --- Time ---

value evaluator::time(const node& n, const scope& in) {
  const value v = operand(n, 0, in);
  std::optional<instant> at;
  if (v.what() == value::kind::instant) at = v.as_instant();
  if (v.what() == value::kind::day) at = with_.tz.at(v.as_day());
  if (v.what() == value::kind::text) {
    at = parse_instant(v.as_text());
    if (!at) {
      if (const auto day = parse_day(v.as_text())) at = with_.tz.at(*day);
    }
  }
  return at ? value::of(at->time_since_epoch().count()) : value::no_time();
}

std::optional<local_day> evaluator::day_of(const value& v) const {
  if (v.what() == value::kind::day) return v.as_day();
  if (v.what() == value::kind::instant) return with_.tz.day_of(v.as_instant());
  if (v.what() != value::kind::text) return std::nullopt;
  if (const auto at = parse_instant(v.as_text())) return with_.tz.day_of(*at);
  return parse_day(v.as_text());
}

value evaluator::date(const node& n, const scope& in) {
  const auto day = day_of(operand(n, 0, in));
  return day ? value::of(day->time_since_epoch().count()) : value::no_time();
}

value evaluator::duration(const node& n, const scope& in) {
  const value v = operand(n, 0, in);
  const auto parsed = v.what() == value::kind::text ? parse_duration(v.as_text()) : std::nullopt;
  return parsed ? value::of(parsed->count()) : value::no_time();
}

value evaluator::business_days(const node& n, const scope& in) {
  static const business_calendar plain;
  const auto from = day_of(operand(n, 0, in));
  const auto to = day_of(operand(n, 1, in));
  if (!from || !to) return value::no_time();
  return value::of((with_.calendar != nullptr ? *with_.calendar : plain).working_days_between(*from, *to));
}

}  // namespace plo::rules
