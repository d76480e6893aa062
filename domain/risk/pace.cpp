#include "domain/risk/pace.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <initializer_list>

namespace plo::risk {

namespace {

// Before anything was seen. Each is soon outweighed; none matters after some dozens of legs.
constexpr double first_variance = 0.5, weight_of_first_variance = 10;
constexpr double first_allowed_squared = 2;  // draws the slope to 0: a promise says nothing until it is seen to
constexpr double weight_of_no_level = 20;

// A single leg that takes more than eight times what was expected, or less than an eighth (lost and found, a typing error), teaches as
// much as one there.
const double furthest = std::log(8);
constexpr double share_of_irregular = 0.02, variance_of_irregular = 1;
constexpr double weight_of_variance = 100;  // observations: how far a lane scatters is known far later than what it takes
constexpr std::chrono::hours half_life = std::chrono::days(21);

double faded_over(milliseconds age) {
  return std::exp2(-std::chrono::duration<double>(std::max(age, milliseconds(0))) / std::chrono::duration<double>(half_life));
}

/// The probability that a standard normal variable is larger.
double beyond(double z) { return 0.5 * std::erfc(z / std::sqrt(2.0)); }

std::string bytes_of(std::initializer_list<double> values) {
  std::string bytes;
  for (const double v : values) {
    const auto bits = std::bit_cast<std::uint64_t>(v);
    for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(bits >> shift & 0xff));
  }
  return bytes;
}

template <std::size_t N>
std::optional<std::array<double, N>> values_of(std::string_view bytes) {
  if (bytes.size() != 8 * N) return std::nullopt;
  std::array<double, N> values;
  for (std::size_t i = 0; i < N; ++i) {
    std::uint64_t bits = 0;
    for (std::size_t k = 0; k < 8; ++k) bits = bits << 8 | static_cast<unsigned char>(bytes[8 * i + k]);
    values[i] = std::bit_cast<double>(bits);
    if (!std::isfinite(values[i])) return std::nullopt;
  }
  return values;
}

}  // namespace

double log_days(milliseconds d) {
  constexpr milliseconds shortest = std::chrono::hours(6);
  return std::log(std::chrono::duration<double, std::ratio<86400>>(std::max(d, shortest)).count());
}

milliseconds expectation::quantile(double sigmas) const {
  const double days = std::exp(std::min(log_days + sigmas * std::sqrt(variance), 10.0));
  return std::chrono::duration_cast<milliseconds>(std::chrono::duration<double, std::ratio<86400>>(days));
}

double expectation::longer_than(milliseconds limit) const {
  if (limit <= milliseconds(0)) return 1;
  const double further = std::log(std::chrono::duration<double, std::ratio<86400>>(limit).count()) - log_days;
  return (1 - share_of_irregular) * beyond(further / std::sqrt(variance)) +
         share_of_irregular * beyond(further / std::sqrt(std::max(variance, variance_of_irregular)));
}

spread expectation::left_after(milliseconds elapsed) const {
  // Far beyond what can be computed with, things are as they are there.
  const auto furthest_known = expectation{log_days, std::max(variance, variance_of_irregular)}.quantile(6);
  const auto gone = std::clamp(elapsed, milliseconds(0), furthest_known);
  const double all = longer_than(gone);
  spread left{};
  double before = 1;
  for (std::size_t i = 0; i < slices; ++i) {
    const double after = longer_than(gone + slice * static_cast<std::int64_t>(i + 1)) / all;
    left[i] = before - after;
    before = after;
  }
  left[slices] = before;
  return left;
}

void pace::observe(double log_took, double log_allowed, double squared_error) {
  took += log_took;
  allowed += log_allowed;
  scatter += squared_error;
  if (++seen < most_counted) return;
  for (auto* sum : {&seen, &took, &allowed, &scatter}) *sum /= 2;
}

belief pace::draw(const belief& of_parent, double weight) const {
  return {(took + weight * of_parent.took) / (seen + weight), (allowed + weight * of_parent.allowed) / (seen + weight),
          (scatter + weight_of_variance * of_parent.variance) / (seen + weight_of_variance)};
}

double trend::variance() const { return (scatter_ + weight_of_first_variance * first_variance) / (seen_ + weight_of_first_variance); }

// A promise that allows more makes nothing faster, nor does all that it allows more go by.
double trend::per_allowed() const { return std::clamp(allowed_by_took_ / (allowed_squared_ + first_allowed_squared), 0.0, 1.0); }

double trend::level(instant now) const {
  const double faded = faded_over(now - clock_);
  return faded * recent_ / (faded * recent_seen_ + weight_of_no_level);
}

expectation trend::expected(const belief& of_lane, std::optional<double> log_allowed, instant now) const {
  const double more_allowed = log_allowed ? *log_allowed - of_lane.allowed : 0;
  return {of_lane.took + per_allowed() * more_allowed + level(now), of_lane.variance};
}

double trend::observe(const belief& of_lane, double log_took, std::optional<double> log_allowed, instant ended) {
  const auto within = [](double deviation) { return std::clamp(deviation, -furthest, furthest); };
  const double more_allowed = log_allowed ? *log_allowed - of_lane.allowed : 0;
  const double usual = of_lane.took + per_allowed() * more_allowed;
  const double error = within(log_took - usual - level(ended));

  allowed_squared_ += more_allowed * more_allowed;
  allowed_by_took_ += more_allowed * (per_allowed() * more_allowed + error);

  // A leg that ended before the newest one known counts for its age.
  const double since = faded_over(ended - clock_);
  const double weight = faded_over(clock_ - ended);
  recent_ = recent_ * since + weight * within(log_took - usual);
  recent_seen_ = recent_seen_ * since + weight;
  clock_ = std::max(clock_, ended);

  scatter_ += error * error;
  if (++seen_ >= pace::most_counted)
    for (auto* sum : {&seen_, &scatter_, &allowed_squared_, &allowed_by_took_}) *sum /= 2;
  return error * error;
}

std::string trend::encode() const {
  return bytes_of({seen_, scatter_, allowed_squared_, allowed_by_took_, recent_, recent_seen_, static_cast<double>(clock_.time_since_epoch().count())});
}

std::optional<trend> trend::decode(std::string_view bytes) {
  const auto values = values_of<7>(bytes);
  if (!values) return std::nullopt;
  trend t;
  const auto& v = *values;
  t.seen_ = v[0], t.scatter_ = v[1], t.allowed_squared_ = v[2], t.allowed_by_took_ = v[3], t.recent_ = v[4], t.recent_seen_ = v[5];
  t.clock_ = instant(milliseconds(static_cast<std::int64_t>(v[6])));
  return t;
}

std::string encode(const pace& p) { return bytes_of({p.seen, p.took, p.allowed, p.scatter}); }

std::optional<pace> decode_pace(std::string_view bytes) {
  const auto values = values_of<4>(bytes);
  if (!values) return std::nullopt;
  return pace{(*values)[0], (*values)[1], (*values)[2], (*values)[3]};
}

}  // namespace plo::risk
