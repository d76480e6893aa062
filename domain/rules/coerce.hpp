// How values turn into one another, as JavaScript has it: JsonLogic is defined by what its JavaScript does.
// Internal to domain/rules.
#pragma once

#include <compare>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

#include "domain/rules/jsonlogic.hpp"
#include "domain/rules/value.hpp"

namespace plo::rules {

/// Room for `size` default values in an arena, which frees it without destroying anything.
template <class T>
[[nodiscard]] std::span<T> allocate(std::size_t size, arena& memory) {
  static_assert(std::is_trivially_destructible_v<T>);
  if (size == 0) return {};
  auto* const first = static_cast<T*>(memory.allocate(size * sizeof(T), alignof(T)));
  std::uninitialized_value_construct_n(first, size);
  return {first, size};
}

[[nodiscard]] std::string_view copy_text(std::string_view text, arena& memory);

/// from_json whose texts are copied too, so that nothing refers to the document.
[[nodiscard]] value copy_json(json::element e, arena& memory);

/// What one evaluation may still spend, and where it puts what it makes. Whatever takes time or memory in proportion to data is
/// charged, not operators alone: `cat` within `reduce` doubles a text at every step.
class workspace {
public:
  explicit workspace(arena& to) : memory(to) {}
  arena& memory;

  /// False when the evaluation is at its end.
  bool spend(std::size_t steps) {
    steps_ += steps;
    return steps_ <= max_evaluation_steps;
  }
  bool spend_bytes(std::size_t bytes) { return spend(bytes / 64); }
  [[nodiscard]] bool exhausted() const { return steps_ > max_evaluation_steps; }

private:
  std::size_t steps_ = 0;
};

/// `Number(v)`: NaN for what is none, and for instants and days.
[[nodiscard]] double to_number(const value& v, workspace& w);
/// `parseFloat(v)`: the number that a text starts with; NaN for null, booleans, instants and days.
[[nodiscard]] double leading_number(const value& v, workspace& w);
/// `String(v)`
[[nodiscard]] std::string_view to_text(const value& v, workspace& w);
/// `[a, b, …].join("")`
[[nodiscard]] std::string_view join(std::span<const value> items, workspace& w);

/// `a == b`. Unlike JavaScript's, two arrays (or objects) are equal when what they hold is: values have no identity.
[[nodiscard]] bool loosely_equal(const value& a, const value& b, workspace& w);
/// `a === b`, with the same difference. Instants and days are texts.
[[nodiscard]] bool strictly_equal(const value& a, const value& b, workspace& w);
/// What `<` and `>` go by; unordered when one is not a number.
[[nodiscard]] std::partial_ordering order_of(const value& a, const value& b, workspace& w);

/// What lies behind a path; null when nothing does. A search through many members is charged when there is a workspace.
[[nodiscard]] value walk(value from, fact_path path, workspace* w = nullptr);

/// The segments of a path between its dots, in the arena. "" has one, which is empty.
[[nodiscard]] std::span<const std::string_view> split_path(std::string_view text, arena& memory);

}  // namespace plo::rules
