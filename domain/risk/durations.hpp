// Spreads: how probable each length of time is, in slices of half a day. And counts of how late things were, from which one is read.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace plo::risk {

inline constexpr milliseconds slice = std::chrono::hours(12);
inline constexpr std::size_t slices = 90;  // 45 days, and one more for everything longer

/// A probability for each slice, and for longer. Adds up to 1.
using spread = std::array<double, slices + 1>;

/// What to expect of announcements nobody has checked yet: mostly kept, else broken by a day or two, rarely by many.
[[nodiscard]] const spread& expected_lateness();

/// The spread of what is left when `elapsed` has gone by and it is not over.
[[nodiscard]] spread left_after(const spread& whole, milliseconds elapsed);
/// One after the other.
[[nodiscard]] spread in_sequence(const spread& first, const spread& then);
/// The first with this weight, the second with the rest.
[[nodiscard]] spread mixed(const spread& first, double weight, const spread& second);
/// Later by a fixed time; a negative one counts as none.
[[nodiscard]] spread delayed(const spread& s, milliseconds by);
[[nodiscard]] milliseconds mean_of(const spread& s);
/// The probability that it takes longer.
[[nodiscard]] double longer_than(const spread& s, milliseconds limit);

/// Running counts. Old observations fade: beyond `most_counted` all counts are halved.
class durations {
public:
  static constexpr std::uint32_t most_counted = 2000;

  /// A negative duration counts as none.
  void observe(milliseconds took);
  [[nodiscard]] std::uint32_t counted() const { return total_; }
  /// The share that took a slice or more.
  [[nodiscard]] double share_beyond_first() const;
  /// The spread: what was expected, drawn to what was observed the more was observed.
  [[nodiscard]] spread learnt_from(const spread& expected) const;

  [[nodiscard]] std::string encode() const;
  /// Counts that are not what `encode` writes are none.
  [[nodiscard]] static durations decode(std::string_view bytes);
  bool operator==(const durations&) const = default;

private:
  std::array<std::uint16_t, slices + 1> counts_{};
  std::uint32_t total_ = 0;
};

}  // namespace plo::risk
