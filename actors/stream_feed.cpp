#include "actors/stream_feed.hpp"

#include <algorithm>

namespace plo::actors {

void stream_feed::publish(const stream_messages& messages, position upto) {
  const std::lock_guard lock(guard_);
  kept_.insert(kept_.end(), messages.begin(), messages.end());
  while (kept_.size() > capacity_) {
    floor_ = kept_.front()->pos;
    kept_.pop_front();
  }
  published_ = upto;
  if (messages.empty()) return;
  for (const auto& [id, wake] : wakes_) wake();
}

stream_feed::portion stream_feed::read(position place, std::size_t most) const {
  const std::lock_guard lock(guard_);
  portion result;
  if (place < floor_) {
    result.behind = true;
    result.upto = floor_;
    return result;
  }
  auto it = std::upper_bound(kept_.begin(), kept_.end(), place,
                             [](position p, const auto& message) { return p < message->pos; });
  for (; it != kept_.end() && result.messages.size() < most; ++it) result.messages.push_back(*it);
  result.upto = it == kept_.end() ? std::max(place, published_) : result.messages.back()->pos;
  return result;
}

position stream_feed::published() const {
  const std::lock_guard lock(guard_);
  return published_;
}

std::uint64_t stream_feed::subscribe(std::function<void()> wake) {
  const std::lock_guard lock(guard_);
  wakes_.emplace(++last_id_, std::move(wake));
  return last_id_;
}

void stream_feed::unsubscribe(std::uint64_t id) {
  const std::lock_guard lock(guard_);
  wakes_.erase(id);
}

std::size_t stream_feed::subscribers() const {
  const std::lock_guard lock(guard_);
  return wakes_.size();
}

void stream_feed::start_at(position pos) {
  const std::lock_guard lock(guard_);
  kept_.clear();
  floor_ = published_ = pos;
  // Somebody may have subscribed since the caller looked: nobody sleeps over what is only in the log.
  for (const auto& [id, wake] : wakes_) wake();
}

}  // namespace plo::actors
