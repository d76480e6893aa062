#include "http/login_throttle.hpp"

#include <algorithm>

namespace plo::http {

std::optional<std::chrono::seconds> login_throttle::wait_of(const failures& known, clock::time_point now) const {
  if (known.count < max_failures) return std::nullopt;
  const auto free_at = known.at.back() + window;  // the fifth last failure leaves the window
  if (free_at <= now) return std::nullopt;
  return std::max(std::chrono::ceil<std::chrono::seconds>(free_at - now), std::chrono::seconds(1));
}

std::optional<std::chrono::seconds> login_throttle::refuses(const std::string& account, clock::time_point now) {
  const std::lock_guard lock(guard_);
  const auto known = accounts_.find(account);
  return known == accounts_.end() ? std::nullopt : wait_of(known->second, now);
}

std::optional<std::chrono::seconds> login_throttle::settle(const std::string& account, bool right, clock::time_point now) {
  const std::lock_guard lock(guard_);
  auto known = accounts_.find(account);
  if (known != accounts_.end())
    if (const auto wait = wait_of(known->second, now)) return wait;
  if (right) {
    if (known != accounts_.end()) {
      by_last_failure_.erase(known->second.place);
      accounts_.erase(known);
    }
    return std::nullopt;
  }
  if (known == accounts_.end()) {
    known = accounts_.try_emplace(account).first;
    known->second.place = by_last_failure_.insert(by_last_failure_.end(), account);
  } else {
    by_last_failure_.splice(by_last_failure_.end(), by_last_failure_, known->second.place);
  }
  auto& failed = known->second;
  std::rotate(failed.at.begin(), failed.at.end() - 1, failed.at.end());
  failed.at.front() = now;
  failed.count = std::min(failed.count + 1, max_failures);
  if (accounts_.size() > max_accounts_) {
    accounts_.erase(by_last_failure_.front());
    by_last_failure_.pop_front();
  }
  return std::nullopt;
}

}  // namespace plo::http
