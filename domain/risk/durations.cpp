#include "domain/risk/durations.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace plo::risk {

namespace {

constexpr double weight_of_expectation = 20;   // observations that it is worth
constexpr double tail_half_life_slices = 30;   // of what takes longer than the last slice

std::size_t slice_of(milliseconds took) {
  if (took <= milliseconds(0)) return 0;
  return static_cast<std::size_t>(std::min<std::int64_t>(took / slice, slices));
}

}  // namespace

const spread& expected_lateness() {
  static const spread expected = [] {
    constexpr double kept = 0.7;
    spread s{};
    for (std::size_t i = 1; i < s.size(); ++i) s[i] = std::exp(-static_cast<double>(i) / 3);
    const double sum = std::accumulate(s.begin(), s.end(), 0.0);
    for (auto& p : s) p *= (1 - kept) / sum;
    s[0] = kept;
    return s;
  }();
  return expected;
}

spread left_after(const spread& whole, milliseconds elapsed) {
  const auto gone = slice_of(elapsed);
  if (gone == 0) return whole;
  spread left{};
  double mass = 0;
  for (std::size_t i = gone; i < slices; ++i) mass += left[i - gone] = whole[i];
  mass += left[slices] = whole[slices];
  if (mass < 1e-9) {  // longer than anything that was thought possible: nobody knows when it ends
    left = {};
    left[slices] = 1;
    return left;
  }
  for (auto& p : left) p /= mass;
  return left;
}

spread in_sequence(const spread& first, const spread& then) {
  spread sum{};
  for (std::size_t i = 0; i < slices; ++i) {
    if (first[i] == 0) continue;
    for (std::size_t j = 0; i + j < slices; ++j) sum[i + j] += first[i] * then[j];
  }
  sum[slices] = std::max(0.0, 1 - std::accumulate(sum.begin(), sum.begin() + slices, 0.0));
  return sum;
}

spread mixed(const spread& first, double weight, const spread& second) {
  spread sum{};
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = weight * first[i] + (1 - weight) * second[i];
  return sum;
}

spread delayed(const spread& s, milliseconds by) {
  const auto shift = slice_of(by);
  const double part = by <= milliseconds(0) || shift == slices ? 0 : static_cast<double>((by % slice).count()) / static_cast<double>(slice.count());
  spread later{};
  for (std::size_t i = 0; i < s.size(); ++i) {
    later[std::min(i + shift, slices)] += (1 - part) * s[i];
    later[std::min(i + shift + 1, slices)] += part * s[i];
  }
  return later;
}

milliseconds mean_of(const spread& s) {
  double sum = 0;
  for (std::size_t i = 0; i < s.size(); ++i) sum += (static_cast<double>(i) + 0.5) * s[i];
  return milliseconds(static_cast<std::int64_t>(sum * static_cast<double>(slice.count())));
}

double longer_than(const spread& s, milliseconds limit) {
  if (limit < milliseconds(0)) return 1;
  const auto at = static_cast<std::size_t>(std::min<std::int64_t>(limit / slice, slices));
  const double part = static_cast<double>((limit % slice).count()) / static_cast<double>(slice.count());
  double beyond = s[slices];
  if (at >= slices) {
    const double over = static_cast<double>(limit / slice) - static_cast<double>(slices) + part;
    return beyond * std::pow(0.5, over / tail_half_life_slices);
  }
  for (std::size_t i = at + 1; i < slices; ++i) beyond += s[i];
  return std::min(1.0, beyond + (1 - part) * s[at]);
}

void durations::observe(milliseconds took) {
  ++counts_[slice_of(took)];
  if (++total_ < most_counted) return;
  total_ = 0;
  for (auto& count : counts_) total_ += count = static_cast<std::uint16_t>(count / 2);
}

double durations::share_beyond_first() const { return total_ == 0 ? 0 : 1 - static_cast<double>(counts_[0]) / total_; }

spread durations::learnt_from(const spread& expected) const {
  spread s{};
  const double sum = total_ + weight_of_expectation;
  for (std::size_t i = 0; i < s.size(); ++i) s[i] = (counts_[i] + weight_of_expectation * expected[i]) / sum;
  return s;
}

// Pairs of slice and count, for those that are not zero: one byte and two.
std::string durations::encode() const {
  std::string bytes;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    bytes.push_back(static_cast<char>(i));
    bytes.push_back(static_cast<char>(counts_[i] >> 8));
    bytes.push_back(static_cast<char>(counts_[i] & 0xff));
  }
  return bytes;
}

durations durations::decode(std::string_view bytes) {
  durations read;
  if (bytes.size() % 3 != 0) return read;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = static_cast<unsigned char>(bytes[i]);
    if (at > slices) return {};
    read.counts_[at] = static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[i + 1]) << 8 | static_cast<unsigned char>(bytes[i + 2]));
    read.total_ += read.counts_[at];
  }
  return read;
}

}  // namespace plo::risk
