// The rules in force: published by the committer in the moment they are stored, read by every project when it decides.
#pragma once

#include <mutex>

#include "domain/rules/rule_set.hpp"

namespace plo::actors {

/// Thread-safe.
class rule_book {
public:
  explicit rule_book(rules::rule_set_pointer first) : current_(std::move(first)) {}

  [[nodiscard]] rules::rule_set_pointer current() const {
    const std::lock_guard lock(guard_);
    return current_;
  }
  void publish(rules::rule_set_pointer next) {
    const std::lock_guard lock(guard_);
    current_ = std::move(next);
  }

private:
  mutable std::mutex guard_;
  rules::rule_set_pointer current_;
};

}  // namespace plo::actors
