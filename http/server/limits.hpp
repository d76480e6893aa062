// What all connections together may hold: worked out once, from what the process finds at its start.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace plo::http {

struct resource_limits {
  std::size_t connections = 20'000;      // at once
  std::size_t held_bytes = 256u << 20;   // bodies being read and answers not yet taken, of all connections together

  /// From the limits of files and memory of this process; `store_files` is what the stores may keep open.
  [[nodiscard]] static resource_limits of_process(std::size_t store_files);
};

/// Bytes that clients make the server hold. Thread-safe.
class byte_budget {
public:
  explicit byte_budget(std::size_t most) : most_(static_cast<std::int64_t>(most)) {}
  byte_budget(const byte_budget&) = delete;
  byte_budget& operator=(const byte_budget&) = delete;

  [[nodiscard]] bool take(std::size_t bytes) {
    if (taken_.fetch_add(static_cast<std::int64_t>(bytes)) + static_cast<std::int64_t>(bytes) <= most_) return true;
    give_back(bytes);
    return false;
  }
  /// What is there already, whether there is room or not: it makes the next one wait.
  void add(std::size_t bytes) { taken_.fetch_add(static_cast<std::int64_t>(bytes)); }
  void give_back(std::size_t bytes) { taken_.fetch_sub(static_cast<std::int64_t>(bytes)); }
  [[nodiscard]] std::int64_t taken() const { return taken_.load(); }
  [[nodiscard]] std::int64_t most() const { return most_; }

private:
  std::int64_t most_;
  std::atomic<std::int64_t> taken_{0};
};

/// A share of the budget, given back when it goes.
class held_bytes {
public:
  explicit held_bytes(byte_budget& of) : budget_(of) {}
  ~held_bytes() { clear(); }
  held_bytes(const held_bytes&) = delete;
  held_bytes& operator=(const held_bytes&) = delete;

  [[nodiscard]] bool take(std::size_t bytes) {
    if (!budget_.take(bytes)) return false;
    bytes_ += bytes;
    return true;
  }
  void add(std::size_t bytes) {
    budget_.add(bytes);
    bytes_ += bytes;
  }
  void clear() {
    if (bytes_ > 0) budget_.give_back(std::exchange(bytes_, 0));
  }

private:
  byte_budget& budget_;
  std::size_t bytes_ = 0;
};

}  // namespace plo::http
