// JsonLogic (jsonlogic.com) with PLO's own operators on time: `time`, `date`, `duration`, `business_days` (RULES.md).
//
// An expression is compiled once, checked as it is compiled, and evaluated many times. Evaluation is pure and bounded, and
// allocates from the given arena alone.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "domain/rules/business_days.hpp"
#include "domain/rules/value.hpp"

namespace plo::rules {

inline constexpr std::size_t max_expression_depth = 32;
inline constexpr std::size_t max_expression_nodes = 2'000;
/// Operators evaluated per run, and elements and texts gone through; `map` within `map` over long lists ends here.
inline constexpr std::size_t max_evaluation_steps = 200'000;

/// What is wrong with a definition, and where: a JSON pointer into it ("" is the whole).
struct definition_error {
  std::string pointer;
  std::string message;
  bool operator==(const definition_error&) const = default;
};

/// A path as `var` splits it at its dots; list elements by number.
using fact_path = std::span<const std::string_view>;

/// Where `var` looks outside `map`, `filter`, `reduce`, `all`, `some` and `none`.
class fact_source {
public:
  virtual ~fact_source() = default;
  /// The value at a path, null when there is none. The empty path is everything.
  [[nodiscard]] virtual value get(fact_path path, arena& memory) const = 0;
};

/// Facts that are one value, walked member by member.
class value_facts final : public fact_source {
public:
  explicit value_facts(value all) : all_(all) {}
  [[nodiscard]] value get(fact_path path, arena& memory) const override;

private:
  value all_;
};

/// A fact that an evaluation read (outside of iterations), once for each path. The path's text lies in the expression or the arena.
struct fact_read {
  std::string_view path;
  value read;
};

/// Everything an evaluation depends on beside the expression.
struct evaluation {
  const fact_source& facts;
  arena& memory;
  zone tz;
  const business_calendar* calendar = nullptr;  // for business_days; null: Monday to Friday
  std::pmr::vector<fact_read>* reads = nullptr;  // filled when given
};

/// Compiled and immutable; shared freely between threads.
class expression {
public:
  struct options {
    /// First segments that `var`, `missing` and `missing_some` may name outside iterations; empty: any.
    std::span<const std::string_view> roots;
  };
  /// All that is wrong, not only the first. Pointers are relative to `definition`.
  [[nodiscard]] static tl::expected<expression, std::vector<definition_error>> compile(json::element definition,
                                                                                        const options& allowed);
  /// A run beyond max_evaluation_steps gives null. The value may refer to the facts, the arena and the expression.
  [[nodiscard]] value evaluate(const evaluation& with) const;

  /// Why an expression holds or not: the parts of its top-level `and` (nested `and`s joined; else the expression itself is the
  /// one part), each with its value and the facts it read.
  struct part {
    std::string definition;  // JSON
    value result;
    std::pmr::vector<fact_read> reads;
  };
  [[nodiscard]] std::vector<part> explain(const evaluation& with) const;

  /// The definition as it was given, minified.
  [[nodiscard]] const std::string& definition() const;

private:
  struct program;
  explicit expression(std::shared_ptr<const program> p) : program_(std::move(p)) {}
  std::shared_ptr<const program> program_;
};

}  // namespace plo::rules
