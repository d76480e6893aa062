// Slows down who guesses passwords, by account and by address, without locking anybody else out.
//
// Five failures within a minute, and an address takes no further attempt at that account. Thirty, and it takes none at any: many people share
// an address, but they do not all forget their passwords at once. Twenty-five failures for one account from anywhere, and it takes none from
// an address that it has not been used from. From one where it has, the right password is always let through, whatever strangers try.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace plo::http {

/// Somebody tries to log in: to which account, and from where.
struct login_attempt {
  std::string account;
  std::string address;  // see network_of
  bool known = false;   // the account was used from there lately
};

/// Of an address, as much as one customer of a network provider has: IPv4 whole, of IPv6 the first 64 bits.
[[nodiscard]] std::string network_of(const std::string& address);

/// Thread-safe. Remembers a bounded number of accounts and addresses; beyond it the one whose last failure is the oldest is forgotten.
class login_throttle {
public:
  using clock = std::chrono::steady_clock;
  static constexpr std::size_t max_failures = 5;               // of one address at one account
  static constexpr std::size_t max_failures_of_address = 30;
  static constexpr std::size_t max_failures_of_account = 25;
  static constexpr std::size_t max_failures_where_known = 30;  // so that a known address is no place to guess from without end
  static constexpr std::chrono::seconds window{60};

  explicit login_throttle(std::size_t max_entries = 100'000) : max_entries_(max_entries) {}

  /// How long no such attempt is taken; empty: its password is looked at, and …
  [[nodiscard]] std::optional<std::chrono::seconds> refuses(const login_attempt& attempt, clock::time_point now);
  /// … tells afterwards whether it was right. Attempts that ran beside each other are counted in the order they end: those behind the fifth
  /// failure are refused as well, so that guessing in parallel tells nothing.
  [[nodiscard]] std::optional<std::chrono::seconds> settle(const login_attempt& attempt, bool right, clock::time_point now);

private:
  struct failures {
    std::deque<clock::time_point> at;  // the oldest first
    std::list<std::string>::iterator place;
  };
  [[nodiscard]] std::optional<std::chrono::seconds> wait_of(const std::string& key, std::size_t most, clock::time_point now) const;
  [[nodiscard]] std::optional<std::chrono::seconds> wait_for(const login_attempt& attempt, clock::time_point now) const;
  void note(const std::string& key, std::size_t most, clock::time_point now);

  std::mutex guard_;
  std::size_t max_entries_;
  std::unordered_map<std::string, failures> entries_;
  std::list<std::string> by_last_failure_;  // the oldest first
};

}  // namespace plo::http
