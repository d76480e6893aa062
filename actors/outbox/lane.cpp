#include "actors/outbox/lane.hpp"

#include <algorithm>
#include <cmath>

namespace plo::actors {

double outbox_lane::permits(milliseconds now) const {
  const double filled = permits_ + static_cast<double>(per_minute_) * static_cast<double>((now - counted_at_).count()) / 60'000;
  return std::min(filled, static_cast<double>(per_minute_));
}

std::size_t outbox_lane::room(milliseconds now) const {
  if (per_minute_ > 0 && permits(now) < 1) return 0;
  if (!is_failing()) return max_sending - std::min(max_sending, sending_);
  return now >= paused_until_ && sending_ == 0 ? 1 : 0;
}

std::size_t outbox_lane::room_for_new(milliseconds now) const {
  const auto held = later_.size() + sending_;
  // Each of them may fail and then needs a place to wait.
  if (!untried_.empty() || held >= max_waiting) return 0;
  return std::min(room(now), max_waiting - held);
}

std::optional<outbox_item> outbox_lane::next(milliseconds now) {
  if (room(now) == 0) return std::nullopt;
  const bool is_due = !later_.empty() && later_.begin()->first <= now;
  if (untried_.empty() && !is_due) return std::nullopt;
  outbox_item item;
  if (is_due && (!is_failing() || untried_.empty())) {
    item = std::move(later_.begin()->second);
    later_.erase(later_.begin());
  } else {
    item = std::move(untried_.front());
    untried_.pop_front();
  }
  ++sending_;
  if (per_minute_ > 0) {
    permits_ = permits(now) - 1;
    counted_at_ = now;
  }
  return item;
}

void outbox_lane::answered(milliseconds now, bool way_was_free, double random, const std::string& error) {
  --sending_;
  if (way_was_free) {
    failures_ = 0;
    return;
  }
  if (!is_failing()) failing_since_ = now;
  ++failures_;
  ++round_;
  paused_until_ = now + delay(failures_, random);
  last_error_ = error;
}

void outbox_lane::given_back(outbox_item item) {
  --sending_;
  untried_.push_back(std::move(item));
}

std::optional<outbox_item> outbox_lane::try_later(outbox_item item, milliseconds now, double random) {
  const auto until = item.since + limits_.give_up_after;
  if (now >= until) return item;
  // The last try is when time is up.
  const auto due = std::min(until, now + delay(item.attempts, random));
  later_.emplace(due, std::move(item));
  return std::nullopt;
}

bool outbox_lane::is_hopeless(milliseconds now) const {
  return is_failing() && now - failing_since_ >= limits_.give_up_after;
}

std::vector<outbox_item> outbox_lane::take_hopeless(milliseconds now) {
  std::vector<outbox_item> hopeless;
  if (!is_hopeless(now)) return hopeless;
  const auto is_over = [&](const outbox_item& item) { return now - item.since >= limits_.give_up_after; };
  for (auto it = later_.begin(); it != later_.end();) {
    if (is_over(it->second)) {
      hopeless.push_back(std::move(it->second));
      it = later_.erase(it);
    } else {
      ++it;
    }
  }
  const auto first = std::stable_partition(untried_.begin(), untried_.end(), [&](const auto& item) { return !is_over(item); });
  hopeless.insert(hopeless.end(), std::make_move_iterator(first), std::make_move_iterator(untried_.end()));
  untried_.erase(first, untried_.end());
  for (auto& item : hopeless)
    if (item.error.empty()) item.error = last_error_;
  return hopeless;
}

std::optional<milliseconds> outbox_lane::next_look(milliseconds now) const {
  if (is_failing() && sending_ > 0) return std::nullopt;  // its answer comes first
  if (is_failing() && now < paused_until_) return paused_until_;
  if (per_minute_ > 0 && permits(now) < 1)
    return now + milliseconds(static_cast<std::int64_t>(std::ceil((1 - permits(now)) * 60'000 / static_cast<double>(per_minute_))));
  if (later_.empty() || sending_ >= max_sending) return std::nullopt;
  return std::max(now, later_.begin()->first);
}

milliseconds outbox_lane::delay(std::uint32_t failures, double random) const {
  const auto doublings = std::min(failures == 0 ? 0u : failures - 1, 40u);
  const auto full = std::min(static_cast<double>(limits_.cap.count()),
                             static_cast<double>(limits_.base.count()) * static_cast<double>(1ull << doublings));
  // Half of it is chance, so that those who failed together do not come back together.
  return milliseconds(static_cast<std::int64_t>(full * (0.5 + 0.5 * random)));
}

}  // namespace plo::actors
