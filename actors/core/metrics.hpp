// What the engine counts about itself. Plain atomics: reading them costs nobody anything; http/ turns them into Prometheus text.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace plo::actors {

/// Counts in cumulative buckets, as Prometheus wants them.
template <std::size_t Buckets>
class distribution {
public:
  explicit constexpr distribution(const std::array<double, Buckets>& bounds) : bounds_(bounds) {}

  void observe(double value) {
    std::size_t i = 0;
    while (i < Buckets && value > bounds_[i]) ++i;
    counts_[i].fetch_add(1, std::memory_order_relaxed);
    total_.fetch_add(static_cast<std::uint64_t>(value * scale), std::memory_order_relaxed);
  }
  [[nodiscard]] const std::array<double, Buckets>& bounds() const { return bounds_; }
  /// Observations in bucket i alone; the last one lies above every bound.
  [[nodiscard]] std::uint64_t count(std::size_t i) const { return counts_[i].load(std::memory_order_relaxed); }
  [[nodiscard]] double sum() const { return static_cast<double>(total_.load(std::memory_order_relaxed)) / scale; }

private:
  static constexpr double scale = 1e6;
  std::array<double, Buckets> bounds_;
  std::array<std::atomic<std::uint64_t>, Buckets + 1> counts_{};
  std::atomic<std::uint64_t> total_{0};
};

struct engine_metrics {
  std::atomic<std::uint64_t> events_committed{0};
  std::atomic<std::uint64_t> append_failures{0};
  std::atomic<std::uint64_t> duplicates{0};
  std::atomic<std::uint64_t> conflicts{0};
  std::atomic<std::uint64_t> dead_letters{0};
  std::atomic<std::int64_t> dead_letters_waiting{0};
  std::atomic<std::uint64_t> live_projects{0};
  std::atomic<std::uint64_t> projects_replayed{0};
  std::atomic<std::uint64_t> directory_queue{0};
  std::atomic<std::uint64_t> deadlines_armed{0};
  std::atomic<std::uint64_t> events_archived{0};  // since the start
  std::atomic<std::uint64_t> archive_failures{0};
  distribution<10> group_size{{1, 2, 4, 8, 16, 32, 64, 128, 256, 1024}};
  distribution<10> deadline_lateness_seconds{{0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 60}};  // due to durable
  distribution<10> append_seconds{{0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.2, 1}};
};

}  // namespace plo::actors
