// The earliest due time of every entity that waits for one, by its id: an id names a stream.
#pragma once

#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/time.hpp"

namespace plo::actors {

template <class Id>
class deadline_queue {
public:
  /// Sets, moves or (empty) removes an entity's deadline.
  void arm(const Id& id, std::optional<instant> due) {
    if (const auto armed = due_of_.find(id); armed != due_of_.end()) {
      order_.erase({armed->second, id});
      due_of_.erase(armed);
    }
    if (!due) return;
    order_.emplace(*due, id);
    due_of_.emplace(id, *due);
  }

  /// Removes and returns the earliest deadline that is not later than `now`.
  [[nodiscard]] std::optional<std::pair<instant, Id>> pop_due(instant now) {
    if (order_.empty() || order_.begin()->first > now) return std::nullopt;
    const auto first = *order_.begin();
    order_.erase(order_.begin());
    due_of_.erase(first.second);
    return first;
  }

  [[nodiscard]] std::optional<instant> due_of(const Id& id) const {
    const auto armed = due_of_.find(id);
    return armed == due_of_.end() ? std::nullopt : std::optional(armed->second);
  }

  [[nodiscard]] std::optional<instant> next() const {
    if (order_.empty()) return std::nullopt;
    return order_.begin()->first;
  }
  [[nodiscard]] std::size_t size() const { return order_.size(); }

private:
  std::set<std::pair<instant, Id>> order_;
  std::unordered_map<Id, instant> due_of_;
};

}  // namespace plo::actors
