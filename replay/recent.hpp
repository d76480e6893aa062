// What is known of the projects that were touched last: memory is bounded by their number, not by the log's.
#pragma once

#include <list>
#include <unordered_map>
#include <utility>

#include "domain/event/ids.hpp"

namespace plo::replay {

template <class Value>
class recent {
public:
  explicit recent(std::size_t most) : most_(most) {}

  /// Null when it is not kept. A pointer stays valid until the next `put`.
  [[nodiscard]] Value* find(const project_id& id) {
    const auto known = index_.find(id);
    if (known == index_.end()) return nullptr;
    order_.splice(order_.begin(), order_, known->second);
    return &known->second->second;
  }

  /// Keeps a value, and lets go of the one that was touched longest ago when there are too many.
  Value& put(const project_id& id, Value value) {
    if (order_.size() >= most_) {
      index_.erase(order_.back().first);
      order_.pop_back();
    }
    order_.emplace_front(id, std::move(value));
    index_.insert_or_assign(id, order_.begin());
    return order_.front().second;
  }

  template <class Visit>
  void each(Visit visit) const {
    for (const auto& [id, value] : order_) visit(id, value);
  }

private:
  using entry = std::pair<project_id, Value>;
  std::size_t most_;
  std::list<entry> order_;
  std::unordered_map<project_id, typename std::list<entry>::iterator> index_;
};

}  // namespace plo::replay
