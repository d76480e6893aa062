// The earliest due time of every project that waits for one.
#pragma once

#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "domain/event/ids.hpp"

namespace plo::actors {

class deadline_queue {
public:
  /// Sets, moves or (empty) removes a project's deadline.
  void arm(const project_id& project, std::optional<instant> due) {
    if (const auto armed = due_of_.find(project); armed != due_of_.end()) {
      order_.erase({armed->second, project});
      due_of_.erase(armed);
    }
    if (!due) return;
    order_.emplace(*due, project);
    due_of_.emplace(project, *due);
  }

  /// Removes and returns the earliest deadline that is not later than `now`.
  [[nodiscard]] std::optional<std::pair<instant, project_id>> pop_due(instant now) {
    if (order_.empty() || order_.begin()->first > now) return std::nullopt;
    const auto first = *order_.begin();
    order_.erase(order_.begin());
    due_of_.erase(first.second);
    return first;
  }

  [[nodiscard]] std::optional<instant> due_of(const project_id& project) const {
    const auto armed = due_of_.find(project);
    return armed == due_of_.end() ? std::nullopt : std::optional(armed->second);
  }

  [[nodiscard]] std::optional<instant> next() const {
    if (order_.empty()) return std::nullopt;
    return order_.begin()->first;
  }
  [[nodiscard]] std::size_t size() const { return order_.size(); }

private:
  std::set<std::pair<instant, project_id>> order_;
  std::unordered_map<project_id, instant> due_of_;
};

}  // namespace plo::actors
