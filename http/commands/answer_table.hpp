// What operators' commands with an Idempotency-Key were answered, as long as this process lives; the read model of the same name
// (projections/core/idempotency.hpp) knows the rest.
#pragma once

#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/time.hpp"
#include "domain/event/ids.hpp"

namespace plo::http {

/// Thread-safe. Holds a bounded number of answers: the oldest goes first, once the read models hold its event.
class answer_table {
public:
  static constexpr std::size_t max_answers = 10'000;
  static constexpr std::size_t max_answer_bytes = 64u << 20;

  struct given {
    std::string digest;
    bool under_way = true;
    instant at{};
    unsigned status = 0;
    std::string content_type, body;
    position head;  // of the log when the answer was given: its events lie at or before it
  };
  using command_key = std::pair<std::string, std::string>;  // operator and Idempotency-Key

  /// Marks a command as under way; gives what is known when the key is taken.
  [[nodiscard]] std::optional<given> claim(const command_key& key, const std::string& digest, instant now);
  /// Keeps the answer of a command that was claimed. `applied`: up to where the read models hold the log.
  void keep(const command_key& key, given answer, position applied);
  /// The command came to nothing: its key is free again.
  void release(const command_key& key);

private:
  struct entry {
    given answer;
    std::list<command_key>::iterator place;
  };
  void forget_first();

  std::mutex guard_;
  std::map<command_key, entry> entries_;
  std::list<command_key> kept_;  // answered ones, the oldest first
  std::size_t bytes_ = 0;
};

}  // namespace plo::http
