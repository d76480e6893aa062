#include "actors/views/stream_feed.hpp"

#include <algorithm>
#include <set>

namespace plo::actors {

stream_feed::groups& stream_feed::groups_of(const stream_filter& filter) { return filter.project ? projects_[*filter.project] : general_; }

void stream_feed::wake_all(group& g) {
  for (auto& [id, reader] : g.members) {
    reader.pending = true;
    reader.wake();
  }
}

void stream_feed::wake_for(groups& some, const stream_messages& messages) {
  for (auto& [wanted, same] : some)
    if (std::any_of(messages.begin(), messages.end(), [&](const auto& message) { return wanted.matches(*message); })) wake_all(same);
}

void stream_feed::publish(const stream_messages& messages, position upto) {
  const std::lock_guard lock(guard_);
  kept_.insert(kept_.end(), messages.begin(), messages.end());
  while (kept_.size() > capacity_) {
    floor_ = kept_.front()->pos;
    kept_.pop_front();
  }
  published_ = upto;
  if (messages.empty()) return;
  wake_for(general_, messages);
  if (projects_.empty()) return;
  std::set<project_id> told_of;
  for (const auto& message : messages)
    if (message->project) told_of.insert(*message->project);
  for (const auto& project : told_of)
    if (const auto followed = projects_.find(project); followed != projects_.end()) wake_for(followed->second, messages);
}

stream_feed::portion stream_feed::read(reader_id reader, position place, std::size_t most) {
  const std::lock_guard lock(guard_);
  portion result;
  const auto known = readers_.find(reader);
  if (known == readers_.end()) return result;
  auto& [filter, members] = *known->second;
  auto& own = members.at(reader);
  if (!own.pending && place >= own.seen) {
    // Whatever has been published since it looked last was not for it.
    result.upto = std::max(place, published_);
    return result;
  }
  if (place < floor_) {
    result.behind = true;
    result.upto = floor_;
    return result;
  }
  auto it = std::upper_bound(kept_.begin(), kept_.end(), place,
                             [](position p, const auto& message) { return p < message->pos; });
  for (; it != kept_.end() && result.messages.size() < most; ++it)
    if (filter.matches(**it)) result.messages.push_back(*it);
  own.pending = it != kept_.end();
  result.upto = it == kept_.end() ? std::max(place, published_) : (*std::prev(it))->pos;
  own.seen = result.upto;
  return result;
}

position stream_feed::published() const {
  const std::lock_guard lock(guard_);
  return published_;
}

stream_feed::reader_id stream_feed::subscribe(const stream_filter& filter, std::function<void()> wake) {
  const std::lock_guard lock(guard_);
  auto& own = groups_of(filter)[filter];
  own.filter = filter;
  own.members.emplace(++last_id_, subscriber{std::move(wake), true, {}});
  readers_.emplace(last_id_, &own);
  return last_id_;
}

void stream_feed::unsubscribe(reader_id reader) {
  const std::lock_guard lock(guard_);
  const auto known = readers_.find(reader);
  if (known == readers_.end()) return;
  auto& own = *known->second;
  own.members.erase(reader);
  readers_.erase(known);
  if (!own.members.empty()) return;
  const auto filter = own.filter;
  auto& some = groups_of(filter);
  some.erase(filter);
  if (filter.project && some.empty()) projects_.erase(*filter.project);
}

std::size_t stream_feed::subscribers() const {
  const std::lock_guard lock(guard_);
  return readers_.size();
}

void stream_feed::start_at(position pos) {
  const std::lock_guard lock(guard_);
  kept_.clear();
  floor_ = published_ = pos;
  // Somebody may have subscribed since the caller looked: nobody sleeps over what is only in the log.
  for (auto& [wanted, same] : general_) wake_all(same);
  for (auto& [project, some] : projects_)
    for (auto& [wanted, same] : some) wake_all(same);
}

}  // namespace plo::actors
