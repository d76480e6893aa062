#include "http/auth/login_throttle.hpp"

#include <algorithm>

#include <boost/asio/ip/address.hpp>

namespace plo::http {

namespace {

std::string pair_of(const login_attempt& attempt) { return "pair " + attempt.account + '\n' + attempt.address; }
std::string account_of(const login_attempt& attempt) { return "account " + attempt.account; }
std::string address_of(const login_attempt& attempt) { return "address " + attempt.address; }

using seconds = std::chrono::seconds;

}  // namespace

std::string network_of(const std::string& address) {
  boost::system::error_code error;
  const auto parsed = boost::asio::ip::make_address(address, error);
  if (error || parsed.is_v4()) return address;
  auto bytes = parsed.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return boost::asio::ip::make_address_v6(bytes).to_string();
}

std::optional<seconds> login_throttle::wait_of(const std::string& key, std::size_t most, clock::time_point now) const {
  const auto known = entries_.find(key);
  if (known == entries_.end() || known->second.at.size() < most) return std::nullopt;
  const auto& at = known->second.at;
  const auto free_at = at[at.size() - most] + window;  // when the oldest that counts leaves the window
  if (free_at <= now) return std::nullopt;
  return std::max(std::chrono::ceil<seconds>(free_at - now), seconds(1));
}

std::optional<seconds> login_throttle::wait_for(const login_attempt& attempt, clock::time_point now) const {
  if (attempt.known) return wait_of(pair_of(attempt), max_failures_where_known, now);
  if (const auto wait = wait_of(pair_of(attempt), max_failures, now)) return wait;
  if (const auto wait = wait_of(address_of(attempt), max_failures_of_address, now)) return wait;
  return wait_of(account_of(attempt), max_failures_of_account, now);
}

std::optional<seconds> login_throttle::refuses(const login_attempt& attempt, clock::time_point now) {
  const std::lock_guard lock(guard_);
  return wait_for(attempt, now);
}

std::optional<seconds> login_throttle::settle(const login_attempt& attempt, bool right, clock::time_point now) {
  const std::lock_guard lock(guard_);
  if (const auto wait = wait_for(attempt, now)) return wait;
  const auto pair = pair_of(attempt);
  if (right) {
    if (const auto known = entries_.find(pair); known != entries_.end()) {
      by_last_failure_.erase(known->second.place);
      entries_.erase(known);
    }
    return std::nullopt;
  }
  // Where the account is known a wrong password is looked at for longer, and answered no differently than elsewhere.
  const auto wait = wait_of(pair, max_failures, now);
  note(pair, max_failures_where_known, now);
  if (attempt.known) return wait;
  note(address_of(attempt), max_failures_of_address, now);
  note(account_of(attempt), max_failures_of_account, now);
  return std::nullopt;
}

void login_throttle::note(const std::string& key, std::size_t most, clock::time_point now) {
  auto known = entries_.find(key);
  if (known == entries_.end()) {
    known = entries_.try_emplace(key).first;
    known->second.place = by_last_failure_.insert(by_last_failure_.end(), key);
  } else {
    by_last_failure_.splice(by_last_failure_.end(), by_last_failure_, known->second.place);
  }
  auto& at = known->second.at;
  at.push_back(now);
  if (at.size() > most) at.pop_front();
  if (entries_.size() > max_entries_) {
    entries_.erase(by_last_failure_.front());
    by_last_failure_.pop_front();
  }
}

}  // namespace plo::http
