// One evaluation of a compiled expression. Internal to domain/rules.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "domain/rules/coerce.hpp"
#include "domain/rules/program.hpp"

namespace plo::rules {

/// What `var` is relative to.
struct scope {
  enum class kind : std::uint8_t { facts, element, reduction };
  kind what = kind::facts;
  value current;
  value accumulator;  // of a reduction
};

/// One evaluation. Its recursion is as deep as the expression, which the compiler bounded.
class evaluator {
public:
  evaluator(const compiled& code, const evaluation& with) : code_(code), with_(with), work_(with.memory) {}

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

}  // namespace plo::rules
