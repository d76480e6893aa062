#include "actors/outbox/delivery_queue.hpp"

#include <algorithm>

namespace plo::actors {

void delivery_queue::offer(delivery message) {
  fresh_.push_back(std::move(message));
  ++held_;
}

const delivery* delivery_queue::next(milliseconds now) {
  if (sending_) return chosen_ ? &waiting_[*chosen_].messages.front() : &fresh_.front();
  for (auto& [project, waiting] : waiting_) {
    if (waiting.due > now) continue;
    chosen_ = project;
    sending_ = true;
    return &waiting.messages.front();
  }
  while (!fresh_.empty()) {
    const auto behind = waiting_.find(fresh_.front().project);
    if (behind == waiting_.end()) {
      chosen_.reset();
      sending_ = true;
      return &fresh_.front();
    }
    behind->second.messages.push_back(std::move(fresh_.front()));
    fresh_.pop_front();
  }
  return nullptr;
}

std::optional<milliseconds> delivery_queue::due() const {
  std::optional<milliseconds> earliest;
  for (const auto& [project, waiting] : waiting_) earliest = std::min(earliest.value_or(waiting.due), waiting.due);
  return earliest;
}

void delivery_queue::take_out() {
  --held_;
  sending_ = false;
  if (!chosen_) return fresh_.pop_front();
  const auto of = waiting_.find(*chosen_);
  of->second.messages.pop_front();
  of->second.tries = 0;
  // Those behind it may go at once.
  of->second.due = {};
  if (of->second.messages.empty()) waiting_.erase(of);
}

void delivery_queue::delivered() { take_out(); }

bool delivery_queue::refused(milliseconds now, double random) {
  sending_ = false;
  if (!chosen_) {
    const auto project = fresh_.front().project;
    waiting_[project].messages.push_back(std::move(fresh_.front()));
    fresh_.pop_front();
    chosen_ = project;
  }
  auto& waiting = waiting_[*chosen_];
  if (waiting.tries == 0) waiting.first_tried = now;
  if (now - waiting.first_tried >= retries_.give_up_after) {
    take_out();
    return false;
  }
  const auto doubled = retries_.base * (std::int64_t{1} << std::min(waiting.tries, 20));
  const auto pause = std::min(doubled, retries_.cap);
  waiting.due = now + std::chrono::duration_cast<milliseconds>(pause * (0.5 + random / 2));
  ++waiting.tries;
  return true;
}

bool is_worth_noting(position noted, position settled, bool told_since) {
  constexpr std::uint64_t cheap_to_read_again = 10'000;
  if (settled <= noted) return false;
  return noted.value == 0 || told_since || settled.value - noted.value >= cheap_to_read_again;
}

position delivery_queue::settled_upto(position read) const {
  auto upto = read.value;
  const auto before = [&](const std::deque<delivery>& messages) {
    if (!messages.empty()) upto = std::min(upto, messages.front().pos.value - 1);
  };
  before(fresh_);
  for (const auto& [project, waiting] : waiting_) before(waiting.messages);
  return {upto};
}

}  // namespace plo::actors
