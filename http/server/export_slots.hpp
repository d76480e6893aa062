// How many exports may be under way, and whose.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace plo::http {

/// The exports that may be under way: each holds a snapshot and the places of all its rows. One person has never all of them.
class export_slots {
public:
  static constexpr int most = 8, most_of_one = 2;
  [[nodiscard]] bool acquire(const std::string& person) {
    const std::lock_guard lock(guard_);
    auto& own = taken_[person];
    if (all_ >= most || own >= most_of_one) {
      if (own == 0) taken_.erase(person);
      return false;
    }
    ++own;
    ++all_;
    return true;
  }
  void release(const std::string& person) {
    const std::lock_guard lock(guard_);
    --all_;
    if (const auto own = taken_.find(person); own != taken_.end() && --own->second == 0) taken_.erase(own);
  }

private:
  std::mutex guard_;
  std::map<std::string, int> taken_;
  int all_ = 0;
};

/// One of the exports that may be under way.
class export_slot {
public:
  export_slot(export_slots& slots, std::string person) : slots_(slots), person_(std::move(person)), held_(slots.acquire(person_)) {}
  ~export_slot() {
    if (held_) slots_.release(person_);
  }
  export_slot(const export_slot&) = delete;
  export_slot& operator=(const export_slot&) = delete;
  [[nodiscard]] bool held() const { return held_; }

private:
  export_slots& slots_;
  std::string person_;
  bool held_;
};

}  // namespace plo::http
