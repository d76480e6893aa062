// The passes of check_log. Internal to log_check*.cpp.
#pragma once

#include <optional>
#include <string_view>

#include "eventstore/check/log_check.hpp"

namespace plo::eventstore::checking {

/// What the passes share.
struct pass {
  const kv_reader& store;
  const archive_reader& archive;
  const log_check_options& options;
  fault_list& faults;
  std::uint64_t done = 0, total = 0;

  void step() {
    if (options.progress && (++done & 0x3ff) == 0) options.progress(done, total);
  }
};

/// What the events say, for comparison with how much there is in the indexes.
struct event_counts {
  std::uint64_t events = 0;
  std::uint64_t source_keys = 0;  // different keys that the index of source events must have
  std::uint64_t letters = 0, attached = 0, discarded = 0, discarded_conflicts = 0;
  log_head head;
};

/// Texts and numbers taken from the front of a key that may be anything.
class key_reader {
public:
  explicit key_reader(std::string_view key) : rest_(key) {}
  [[nodiscard]] std::optional<std::string_view> text();
  [[nodiscard]] std::optional<std::uint64_t> number();
  [[nodiscard]] std::optional<uuid> id();
  [[nodiscard]] std::optional<char> byte();
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

private:
  [[nodiscard]] std::optional<std::string_view> take(std::size_t size);
  std::string_view rest_;
};

/// The event at a position as the store has it; empty, without a word, where it is missing or damaged: the pass over the events says so.
[[nodiscard]] std::optional<recorded_event> event_at(const pass& p, position at);

/// The chain, the records, and the index entries that each event must have.
[[nodiscard]] event_counts check_events(pass& p);
/// Versions without a gap, and for each project what it is known by and whose it is. Gives the number of streams.
[[nodiscard]] std::uint64_t check_streams(pass& p, const event_counts& counts);
void check_source_index(pass& p, const event_counts& counts);
void check_dead_letters(pass& p, const event_counts& counts);
void check_head(pass& p, const event_counts& counts);

}  // namespace plo::eventstore::checking
