// What is in force now: published by the committer in the moment it is stored, read from any thread.
#pragma once

#include <memory>
#include <mutex>

namespace plo::actors {

/// Thread-safe.
template <class T>
class published {
public:
  using pointer = std::shared_ptr<const T>;
  explicit published(pointer first) : current_(std::move(first)) {}

  [[nodiscard]] pointer current() const {
    const std::lock_guard lock(guard_);
    return current_;
  }
  void publish(pointer next) {
    const std::lock_guard lock(guard_);
    current_ = std::move(next);
  }

private:
  mutable std::mutex guard_;
  pointer current_;
};

}  // namespace plo::actors
