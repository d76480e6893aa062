// Committed events on their way to the projections: bounded, and never the only copy.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "domain/event/event.hpp"

namespace plo::actors {

using committed_events = std::shared_ptr<const std::vector<recorded_event>>;

/// A queue between the committer and the projection runner. When the runner falls behind by more than `capacity` events the feed
/// forgets them: the runner finds them in the log. Thread-safe.
class commit_feed {
public:
  explicit commit_feed(std::size_t capacity) : capacity_(capacity) {}

  /// Adds a group. True when the runner must be woken: it has drained the feed since the last time.
  bool push(committed_events group) {
    const std::lock_guard lock(guard_);
    if (size_ + group->size() > capacity_) {
      groups_.clear();
      size_ = 0;
    } else {
      size_ += group->size();
      groups_.push_back(std::move(group));
    }
    return !std::exchange(awake_, true);
  }

  /// Takes up to `most` events (at least one group). Empty: nothing left, and the next push wakes again.
  [[nodiscard]] std::deque<committed_events> take(std::size_t most) {
    const std::lock_guard lock(guard_);
    std::deque<committed_events> taken;
    std::size_t events = 0;
    while (!groups_.empty() && events < most) {
      events += groups_.front()->size();
      taken.push_back(std::move(groups_.front()));
      groups_.pop_front();
    }
    size_ -= events;
    if (taken.empty()) awake_ = false;
    return taken;
  }

  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(guard_);
    return size_;
  }

private:
  mutable std::mutex guard_;
  std::deque<committed_events> groups_;
  std::size_t size_ = 0;
  std::size_t capacity_;
  bool awake_ = false;
};

}  // namespace plo::actors
