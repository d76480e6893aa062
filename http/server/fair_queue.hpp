// A bounded queue in which nobody waits for somebody else's crowd: each lane has its turn.
#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace plo::http {

/// Not thread-safe. Lanes of those who are known and of strangers take turns, and within each kind lane after lane.
template <class Job>
class fair_queue {
public:
  fair_queue(std::size_t most, std::size_t most_in_lane) : most_(most), most_in_lane_(most_in_lane) {}

  /// False when the queue or the lane is full; the job is as it was then.
  [[nodiscard]] bool push(const std::string& lane, bool known, Job&& job) {
    auto& kind = kinds_[known ? 0 : 1];
    auto& jobs = kind.lanes[lane];
    if (size_ >= most_ || jobs.size() >= most_in_lane_) {
      if (jobs.empty()) kind.lanes.erase(lane);
      return false;
    }
    if (jobs.empty()) kind.turns.push_back(lane);
    jobs.push_back(std::move(job));
    ++size_;
    return true;
  }

  [[nodiscard]] std::optional<Job> pop() {
    if (size_ == 0) return std::nullopt;
    next_ = 1 - next_;
    auto& kind = kinds_[kinds_[next_].turns.empty() ? 1 - next_ : next_];
    const auto lane = kind.lanes.find(kind.turns.front());
    kind.turns.pop_front();
    Job job = std::move(lane->second.front());
    lane->second.pop_front();
    --size_;
    if (lane->second.empty()) kind.lanes.erase(lane);
    else kind.turns.push_back(lane->first);
    return job;
  }

  [[nodiscard]] std::size_t size() const { return size_; }

private:
  struct lanes_of_a_kind {
    std::map<std::string, std::deque<Job>> lanes;  // none is empty
    std::list<std::string> turns;                  // each lane once
  };
  std::size_t most_, most_in_lane_;
  std::size_t size_ = 0;
  std::size_t next_ = 1;
  lanes_of_a_kind kinds_[2];
};

}  // namespace plo::http
