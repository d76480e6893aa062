// How long legs take, on a logarithmic scale: what is slow is slow by a factor, and so is what is early. Sums that are updated as legs
// end, small enough for every lane.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "domain/risk/durations.hpp"

namespace plo::risk {

/// What a leg is expected to take: a log-normal time, in days; but one leg in fifty is as uncertain as if nothing were known of the lane,
/// so that what is overdue on the most regular lane is not expected any minute.
struct expectation {
  double log_days = 0;  // of the median
  double variance = 0;  // of the logarithm

  [[nodiscard]] milliseconds quantile(double sigmas) const;  // of the usual: the median and so many standard deviations
  /// The probability that it takes longer.
  [[nodiscard]] double longer_than(milliseconds limit) const;
  /// The spread of what is left when `elapsed` has gone by and it is not over.
  [[nodiscard]] spread left_after(milliseconds elapsed) const;
};

/// The logarithm of a time in days. What is shorter than a quarter of a day counts as one: so fine no source is.
[[nodiscard]] double log_days(milliseconds d);

/// What is believed of a lane: what it takes, what is usually allowed for it by promises, how far single legs scatter.
struct belief {
  double took = 0, allowed = 0, variance = 0;
};

/// One lane: sums over the legs that ended on it. Beyond `most_counted` they are halved, so that old ones fade.
struct pace {
  static constexpr double most_counted = 2000;

  double seen = 0, took = 0, allowed = 0, scatter = 0;

  void observe(double log_took, double log_allowed, double squared_error);
  /// What was believed of the lane this one is part of, drawn to what was seen here. `weight`: observations that belief is worth.
  [[nodiscard]] belief draw(const belief& of_parent, double weight) const;
  bool operator==(const pace&) const = default;
};

/// What all lanes of a kind share: how far they scatter, how much a generous promise says about the time that is taken, and whether
/// everything is slower or faster these weeks than usual.
class trend {
public:
  /// The time that a leg is expected to take. `log_allowed`: what the promise leaves for it.
  [[nodiscard]] expectation expected(const belief& of_lane, std::optional<double> log_allowed, instant now) const;
  /// A leg ended; to be called before the lanes observe it. Gives its squared error, for them.
  double observe(const belief& of_lane, double log_took, std::optional<double> log_allowed, instant ended);
  [[nodiscard]] double variance() const;

  [[nodiscard]] std::string encode() const;
  [[nodiscard]] static std::optional<trend> decode(std::string_view bytes);
  bool operator==(const trend&) const = default;

private:
  [[nodiscard]] double per_allowed() const;
  [[nodiscard]] double level(instant now) const;

  double seen_ = 0, scatter_ = 0;
  double allowed_squared_ = 0, allowed_by_took_ = 0;  // of deviations from the lane
  double recent_ = 0, recent_seen_ = 0;               // sums of deviations, those of `half_life` ago counted half
  instant clock_{};                                   // what they are as of
};

[[nodiscard]] std::string encode(const pace& p);
[[nodiscard]] std::optional<pace> decode_pace(std::string_view bytes);

}  // namespace plo::risk
