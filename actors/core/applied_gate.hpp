// Waiting until the read models hold a position: how a client reads its own writes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "domain/event/ids.hpp"

namespace plo::actors {

/// Thread-safe. Callbacks run on the thread that advances the gate (or on the caller's, when the position is there already).
class applied_gate {
public:
  using waiter_id = std::uint64_t;

  /// Calls `then` once `pos` is applied. The id cancels the wait; 0: `then` was called already.
  waiter_id wait(position pos, std::function<void()> then) {
    {
      const std::lock_guard lock(guard_);
      if (pos > applied_) {
        waiters_.emplace(std::pair{pos, ++last_id_}, std::move(then));
        return last_id_;
      }
    }
    then();
    return 0;
  }

  /// True when the callback will not be called any more.
  bool cancel(position pos, waiter_id id) {
    const std::lock_guard lock(guard_);
    return waiters_.erase({pos, id}) > 0;
  }

  void advance(position pos) {
    std::vector<std::function<void()>> ready;
    {
      const std::lock_guard lock(guard_);
      applied_ = pos;
      while (!waiters_.empty() && waiters_.begin()->first.first <= pos) {
        ready.push_back(std::move(waiters_.begin()->second));
        waiters_.erase(waiters_.begin());
      }
    }
    for (const auto& then : ready) then();
  }

  [[nodiscard]] position applied() const {
    const std::lock_guard lock(guard_);
    return applied_;
  }

private:
  mutable std::mutex guard_;
  position applied_;
  waiter_id last_id_ = 0;
  std::map<std::pair<position, waiter_id>, std::function<void()>> waiters_;
};

}  // namespace plo::actors
