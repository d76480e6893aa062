// Slows down who guesses passwords: after five failures within a minute an account takes no further attempt, right or wrong.
//
// It counts by account, not by address: one account is tried from many addresses, and many people share one.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace plo::http {

/// Thread-safe. Remembers a bounded number of accounts; beyond it the one whose last failure is the oldest is forgotten.
class login_throttle {
public:
  using clock = std::chrono::steady_clock;
  static constexpr std::size_t max_failures = 5;
  static constexpr std::chrono::seconds window{60};

  explicit login_throttle(std::size_t max_accounts = 100'000) : max_accounts_(max_accounts) {}

  /// How long the account takes no attempt; empty: it takes one. An attempt asks before the password is looked at, and …
  [[nodiscard]] std::optional<std::chrono::seconds> refuses(const std::string& account, clock::time_point now);
  /// … tells afterwards. Attempts that ran beside each other are counted in the order they end: those behind the fifth failure are refused
  /// as well, so that guessing in parallel tells nothing.
  [[nodiscard]] std::optional<std::chrono::seconds> settle(const std::string& account, bool right, clock::time_point now);

private:
  struct failures {
    std::array<clock::time_point, max_failures> at{};  // the newest first
    std::size_t count = 0;
    std::list<std::string>::iterator place;
  };
  [[nodiscard]] std::optional<std::chrono::seconds> wait_of(const failures& known, clock::time_point now) const;

  std::mutex guard_;
  std::size_t max_accounts_;
  std::unordered_map<std::string, failures> accounts_;
  std::list<std::string> by_last_failure_;  // the oldest first
};

}  // namespace plo::http
