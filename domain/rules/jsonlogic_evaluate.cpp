#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "domain/rules/coerce.hpp"
#include "domain/rules/program.hpp"

namespace plo::rules {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// What `var` is relative to.
struct scope {
  enum class kind : std::uint8_t { facts, element, reduction };
  kind what = kind::facts;
  value current;
  value accumulator;  // of a reduction
};

/// One evaluation. Its recursion is as deep as the expression, which the compiler bounded.
class run_of {
public:
  run_of(const compiled& code, const evaluation& with) : code_(code), with_(with), work_(with.memory) {}

  value result(std::uint32_t at) {
    const value v = eval(code_.nodes[at], scope{});
    return work_.exhausted() ? value() : v;
  }

private:
  value eval(const node& n, const scope& in);
  /// The `i`-th operand; null when it is not there.
  value operand(const node& n, std::uint32_t i, const scope& in) { return i < n.count ? eval(code_.nodes[n.first + i], in) : value(); }
  std::span<value> operands(const node& n, const scope& in);

  value list(const node& n, const scope& in) { return value::of(std::span<const value>(operands(n, in))); }
  value var(const node& n, const scope& in);
  value missing(const node& n, const scope& in);
  value conditional(const node& n, const scope& in);
  value junction(const node& n, const scope& in, bool ends_with);
  value comparison(const node& n, const scope& in);
  bool holds(op code, const value& a, const value& b);
  value arithmetic(const node& n, const scope& in);
  double of_all(op code, std::span<const value> items);
  value map(const node& n, const scope& in);
  value filter(const node& n, const scope& in);
  value reduce(const node& n, const scope& in);
  value quantifier(const node& n, const scope& in);
  value merge(const node& n, const scope& in);
  value contained(const node& n, const scope& in);
  value substr(const node& n, const scope& in);
  value time(const node& n, const scope& in);
  value date(const node& n, const scope& in);
  value duration(const node& n, const scope& in);
  value business_days(const node& n, const scope& in);

  value look_up(const known_path& path, const scope& in, bool is_kept);
  void record(std::string_view path, const value& read, bool is_kept);
  std::optional<local_day> day_of(const value& v) const;

  const compiled& code_;
  const evaluation& with_;
  workspace work_;
};

value run_of::eval(const node& n, const scope& in) {
  if (n.code == op::constant) return code_.constants[n.first];
  // Constant operands are not evaluated, but gone through.
  if (!work_.spend(1 + n.count / 8u)) return {};
  switch (n.code) {
    case op::constant: break;
    case op::list: return list(n, in);
    case op::var: return var(n, in);
    case op::missing:
    case op::missing_some: return missing(n, in);
    case op::if_: return conditional(n, in);
    case op::and_: return junction(n, in, false);
    case op::or_: return junction(n, in, true);
    case op::not_: return value::of(!truthy(operand(n, 0, in)));
    case op::truth: return value::of(truthy(operand(n, 0, in)));
    case op::equal:
    case op::strictly_equal:
    case op::not_equal:
    case op::strictly_not_equal:
    case op::less:
    case op::less_equal:
    case op::greater:
    case op::greater_equal: return comparison(n, in);
    case op::add:
    case op::subtract:
    case op::multiply:
    case op::divide:
    case op::modulo:
    case op::min:
    case op::max: return arithmetic(n, in);
    case op::map: return map(n, in);
    case op::filter: return filter(n, in);
    case op::reduce: return reduce(n, in);
    case op::all:
    case op::none:
    case op::some: return quantifier(n, in);
    case op::merge: return merge(n, in);
    case op::in: return contained(n, in);
    case op::cat: return value::of(join(operands(n, in), work_));
    case op::substr: return substr(n, in);
    case op::log: return operand(n, 0, in);
    case op::time: return time(n, in);
    case op::date: return date(n, in);
    case op::duration: return duration(n, in);
    case op::business_days: return business_days(n, in);
  }
  return {};
}

std::span<value> run_of::operands(const node& n, const scope& in) {
  const auto items = allocate<value>(n.count, work_.memory);
  for (std::uint32_t i = 0; i < n.count; ++i) items[i] = operand(n, i, in);
  return items;
}

// --- Facts ---

/// `is_kept`: the path's text outlives the evaluation.
value run_of::look_up(const known_path& path, const scope& in, bool is_kept) {
  switch (in.what) {
    case scope::kind::facts: break;
    case scope::kind::element: return walk(in.current, path.segments, &work_);
    case scope::kind::reduction: {
      if (path.segments.empty()) {
        const auto both = allocate<member>(2, work_.memory);
        both[0] = {"current", in.current};
        both[1] = {"accumulator", in.accumulator};
        return value::of(std::span<const member>(both));
      }
      const std::string_view which = path.segments.front();
      if (which == "current") return walk(in.current, path.segments.subspan(1), &work_);
      return which == "accumulator" ? walk(in.accumulator, path.segments.subspan(1), &work_) : value();
    }
  }
  const value found = with_.facts.get(path.segments, work_.memory);
  if (with_.reads != nullptr) record(path.text, found, is_kept);
  return found;
}

void run_of::record(std::string_view path, const value& read, bool is_kept) {
  auto& reads = *with_.reads;
  if (!work_.spend(reads.size() / 64)) return;
  if (std::any_of(reads.begin(), reads.end(), [&](const fact_read& r) { return r.path == path; })) return;
  reads.push_back({is_kept ? path : copy_text(path, work_.memory), read});
}

known_path path_of(const value& key, workspace& w) {
  const auto text = to_text(key, w);
  if (key.is_null() || (key.what() == value::kind::text && text.empty())) return {};
  // A long path of dots is as much work as a long list.
  if (!w.spend_bytes(text.size() * sizeof(std::string_view))) return {};
  return {text, split_path(text, w.memory)};
}

value run_of::var(const node& n, const scope& in) {
  const value found = n.path != node::no_path ? look_up(code_.paths[n.path], in, true)
                                              : look_up(path_of(operand(n, 0, in), work_), in, false);
  return found.is_null() && n.count > 1 ? operand(n, 1, in) : found;
}

value run_of::missing(const node& n, const scope& in) {
  // The keys of `missing` are its operands, or the elements of the first when that is a list.
  value needed;
  std::span<const value> keys;
  if (n.code == op::missing_some) {
    needed = operand(n, 0, in);
    const auto only = allocate<value>(1, work_.memory);
    only[0] = operand(n, 1, in);
    if (n.count > 1) keys = only[0].what() == value::kind::array ? only[0].as_array() : only;
  } else if (n.path != node::no_path) {
    keys = operand(n, 0, in).as_array();
  } else {
    keys = operands(n, in);
    if (!keys.empty() && keys.front().what() == value::kind::array) keys = keys.front().as_array();
  }

  const auto absent = allocate<value>(keys.size(), work_.memory);
  std::size_t count = 0;
  for (std::size_t i = 0; i < keys.size() && work_.spend(1); ++i) {
    const value found = n.path != node::no_path ? look_up(code_.paths[n.path + i], in, true)
                                                : look_up(path_of(keys[i], work_), in, false);
    const bool is_empty = found.what() == value::kind::text && found.as_text().empty();
    if (found.is_null() || is_empty) absent[count++] = keys[i];
  }
  if (n.code == op::missing_some && static_cast<double>(keys.size() - count) >= to_number(needed, work_)) count = 0;
  return value::of(std::span<const value>(absent.first(count)));
}

// --- Logic ---

value run_of::conditional(const node& n, const scope& in) {
  std::uint32_t i = 0;
  for (; i + 1 < n.count; i += 2) {
    if (truthy(operand(n, i, in))) return operand(n, i + 1, in);
  }
  return operand(n, i, in);
}

/// `and` and `or`: the first operand that decides, else the last.
value run_of::junction(const node& n, const scope& in, bool ends_with) {
  value last;
  for (std::uint32_t i = 0; i < n.count; ++i) {
    last = operand(n, i, in);
    if (truthy(last) == ends_with) break;
  }
  return last;
}

bool run_of::holds(op code, const value& a, const value& b) {
  switch (code) {
    case op::equal: return loosely_equal(a, b, work_);
    case op::strictly_equal: return strictly_equal(a, b, work_);
    case op::not_equal: return !loosely_equal(a, b, work_);
    case op::strictly_not_equal: return !strictly_equal(a, b, work_);
    case op::less: return order_of(a, b, work_) < 0;
    case op::less_equal: return order_of(a, b, work_) <= 0;
    case op::greater: return order_of(a, b, work_) > 0;
    case op::greater_equal: return order_of(a, b, work_) >= 0;
    default: return false;
  }
}

value run_of::comparison(const node& n, const scope& in) {
  const bool is_order = n.code >= op::less;
  // JavaScript's undefined is not comparable, but equal to null.
  const value absent = is_order ? value::of(nan) : value();
  const value a = n.count > 0 ? operand(n, 0, in) : absent;
  const value b = n.count > 1 ? operand(n, 1, in) : absent;
  const bool is_between = is_order && n.count > 2;
  const value c = is_between ? operand(n, 2, in) : absent;
  const auto is_unknown = [&](const value& v) { return v.is_no_time() || (n.needs_operands && v.is_null()); };
  if (is_unknown(a) || is_unknown(b) || (is_between && is_unknown(c))) return value::of(false);
  return value::of(holds(n.code, a, b) && (!is_between || holds(n.code, b, c)));
}

// --- Numbers ---

double run_of::of_all(op code, std::span<const value> items) {
  double total = code == op::add ? 0 : code == op::multiply ? 1 : code == op::min ? infinity : -infinity;
  for (const value& item : items) {
    const double number = code == op::add || code == op::multiply ? leading_number(item, work_) : to_number(item, work_);
    switch (code) {
      case op::add: total += number; break;
      case op::multiply: total *= number; break;
      case op::min: total = std::isnan(number) || number < total ? number : total; break;
      default: total = std::isnan(number) || number > total ? number : total; break;
    }
    if (std::isnan(total)) break;
  }
  return total;
}

value run_of::arithmetic(const node& n, const scope& in) {
  const bool takes_all = n.code == op::add || n.code == op::multiply || n.code == op::min || n.code == op::max;
  std::array<value, 2> two;
  std::span<value> items = std::span(two).first(std::min<std::size_t>(n.count, 2));
  if (takes_all && n.count > 2) items = allocate<value>(n.count, work_.memory);
  for (std::uint32_t i = 0; i < items.size(); ++i) items[i] = operand(n, i, in);
  const auto is_unknown = [&](const value& v) { return v.is_no_time() || (n.needs_operands && v.is_null()); };
  if (std::any_of(items.begin(), items.end(), is_unknown)) return value::no_time();

  // As in JavaScript, where one operand is handed through as it is.
  if (n.code == op::multiply && n.count < 2) return n.count == 0 ? value() : items[0];
  if (takes_all) return value::of(of_all(n.code, items));
  const double a = n.count > 0 ? to_number(items[0], work_) : nan;
  if (n.code == op::subtract && n.count == 1) return value::of(-a);
  const double b = n.count > 1 ? to_number(items[1], work_) : nan;
  switch (n.code) {
    case op::subtract: return value::of(a - b);
    case op::divide: return value::of(a / b);
    default: return value::of(std::fmod(a, b));
  }
}

// --- Lists ---

value run_of::map(const node& n, const scope& in) {
  const value list = operand(n, 0, in);
  if (list.what() != value::kind::array) return value::of(std::span<const value>());
  const auto results = allocate<value>(list.as_array().size(), work_.memory);
  for (std::size_t i = 0; i < results.size() && work_.spend(1); ++i) {
    results[i] = operand(n, 1, {scope::kind::element, list.as_array()[i], {}});
  }
  return value::of(std::span<const value>(results));
}

value run_of::filter(const node& n, const scope& in) {
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

value run_of::reduce(const node& n, const scope& in) {
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
value run_of::quantifier(const node& n, const scope& in) {
  const value list = operand(n, 0, in);
  if (list.what() != value::kind::array || list.as_array().empty()) return value::of(n.code == op::none);
  const bool looks_for = n.code != op::all;
  for (const value& item : list.as_array()) {
    if (!work_.spend(1)) break;
    if (truthy(operand(n, 1, {scope::kind::element, item, {}})) == looks_for) return value::of(n.code == op::some);
  }
  return value::of(n.code != op::some);
}

value run_of::merge(const node& n, const scope& in) {
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

value run_of::contained(const node& n, const scope& in) {
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

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

/// Counts characters (code points), not bytes.
value run_of::substr(const node& n, const scope& in) {
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

value run_of::time(const node& n, const scope& in) {
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

std::optional<local_day> run_of::day_of(const value& v) const {
  if (v.what() == value::kind::day) return v.as_day();
  if (v.what() == value::kind::instant) return with_.tz.day_of(v.as_instant());
  if (v.what() != value::kind::text) return std::nullopt;
  if (const auto at = parse_instant(v.as_text())) return with_.tz.day_of(*at);
  return parse_day(v.as_text());
}

value run_of::date(const node& n, const scope& in) {
  const auto day = day_of(operand(n, 0, in));
  return day ? value::of(day->time_since_epoch().count()) : value::no_time();
}

value run_of::duration(const node& n, const scope& in) {
  const value v = operand(n, 0, in);
  const auto parsed = v.what() == value::kind::text ? parse_duration(v.as_text()) : std::nullopt;
  return parsed ? value::of(parsed->count()) : value::no_time();
}

value run_of::business_days(const node& n, const scope& in) {
  static const business_calendar plain;
  const auto from = day_of(operand(n, 0, in));
  const auto to = day_of(operand(n, 1, in));
  if (!from || !to) return value::no_time();
  return value::of((with_.calendar != nullptr ? *with_.calendar : plain).working_days_between(*from, *to));
}

}  // namespace

value compiled::run(std::uint32_t at, const evaluation& with) const {
  return run_of(*this, with).result(at);
}

value expression::evaluate(const evaluation& with) const {
  return program_->code.run(0, with);
}

std::vector<expression::part> expression::explain(const evaluation& with) const {
  std::vector<part> parts;
  parts.reserve(program_->parts.size());
  for (const auto& [at, text] : program_->parts) {
    part& p = parts.emplace_back(part{text, {}, std::pmr::vector<fact_read>(&with.memory)});
    evaluation own = with;
    own.reads = &p.reads;
    p.result = program_->code.run(at, own);
  }
  return parts;
}

}  // namespace plo::rules
