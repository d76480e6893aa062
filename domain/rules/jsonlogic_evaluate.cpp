#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "domain/rules/evaluator.hpp"

namespace plo::rules {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

known_path path_of(const value& key, workspace& w) {
  const auto text = to_text(key, w);
  if (key.is_null() || (key.what() == value::kind::text && text.empty())) return {};
  // A long path of dots is as much work as a long list.
  if (!w.spend_bytes(text.size() * sizeof(std::string_view))) return {};
  return {text, split_path(text, w.memory)};
}

}  // namespace

value evaluator::eval(const node& n, const scope& in) {
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

std::span<value> evaluator::operands(const node& n, const scope& in) {
  const auto items = allocate<value>(n.count, work_.memory);
  for (std::uint32_t i = 0; i < n.count; ++i) items[i] = operand(n, i, in);
  return items;
}

// --- Facts ---

/// `is_kept`: the path's text outlives the evaluation.
value evaluator::look_up(const known_path& path, const scope& in, bool is_kept) {
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

void evaluator::record(std::string_view path, const value& read, bool is_kept) {
  auto& reads = *with_.reads;
  if (!work_.spend(reads.size() / 64)) return;
  if (std::any_of(reads.begin(), reads.end(), [&](const fact_read& r) { return r.path == path; })) return;
  reads.push_back({is_kept ? path : copy_text(path, work_.memory), read});
}

value evaluator::var(const node& n, const scope& in) {
  const value found = n.path != node::no_path ? look_up(code_.paths[n.path], in, true)
                                              : look_up(path_of(operand(n, 0, in), work_), in, false);
  return found.is_null() && n.count > 1 ? operand(n, 1, in) : found;
}

value evaluator::missing(const node& n, const scope& in) {
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

value evaluator::conditional(const node& n, const scope& in) {
  std::uint32_t i = 0;
  for (; i + 1 < n.count; i += 2) {
    if (truthy(operand(n, i, in))) return operand(n, i + 1, in);
  }
  return operand(n, i, in);
}

/// `and` and `or`: the first operand that decides, else the last.
value evaluator::junction(const node& n, const scope& in, bool ends_with) {
  value last;
  for (std::uint32_t i = 0; i < n.count; ++i) {
    last = operand(n, i, in);
    if (truthy(last) == ends_with) break;
  }
  return last;
}

bool evaluator::holds(op code, const value& a, const value& b) {
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

value evaluator::comparison(const node& n, const scope& in) {
  const bool is_order = n.code >= op::less;
  // JavaScript's undefined is not comparable, but equal to null.
  const value absent = is_order ? value::of(nan) : value();
  const value a = n.count > 0 ? operand(n, 0, in) : absent;
  const value b = n.count > 1 ? operand(n, 1, in) : absent;
  const bool is_between = is_order && n.count > 2;
  const value c = is_between ? operand(n, 2, in) : absent;
  const bool is_strict = n.code == op::strictly_equal || n.code == op::strictly_not_equal;
  const auto is_unknown = [&](const value& v) { return !is_strict && (v.is_no_time() || (n.needs_operands && v.is_null())); };
  if (is_unknown(a) || is_unknown(b) || (is_between && is_unknown(c))) return value::of(false);
  return value::of(holds(n.code, a, b) && (!is_between || holds(n.code, b, c)));
}

// --- Numbers ---

double evaluator::of_all(op code, std::span<const value> items) {
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

value evaluator::arithmetic(const node& n, const scope& in) {
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

value compiled::run(std::uint32_t at, const evaluation& with) const {
  return evaluator(*this, with).result(at);
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
