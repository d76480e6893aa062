// The clock that deadlines run on.
#pragma once

#include <atomic>
#include <chrono>

#include "base/time.hpp"

namespace plo::actors {

/// Thread-safe. `wall` is real time; `event` follows the largest `occurred_at` observed, so that history replays with every alert
/// where it would have been. `recorded_at` is always real time (see wall_now).
class project_clock {
public:
  enum class mode { wall, event };
  explicit project_clock(mode m) : mode_(m) {}

  [[nodiscard]] mode running() const { return mode_; }
  [[nodiscard]] static instant wall_now() {
    return std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
  }
  [[nodiscard]] instant now() const {
    return mode_ == mode::wall ? wall_now() : instant(milliseconds(observed_ms_.load(std::memory_order_relaxed)));
  }
  /// Moves the event clock forward; never back. Nothing happens on the wall clock.
  void observe(instant occurred_at) {
    if (mode_ == mode::wall) return;
    const auto ms = occurred_at.time_since_epoch().count();
    auto known = observed_ms_.load(std::memory_order_relaxed);
    while (known < ms && !observed_ms_.compare_exchange_weak(known, ms, std::memory_order_relaxed)) {
    }
  }

private:
  mode mode_;
  std::atomic<std::int64_t> observed_ms_{0};
};

}  // namespace plo::actors
