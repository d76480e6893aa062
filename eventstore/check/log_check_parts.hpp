// The passes of check_log. Internal to log_check*.cpp.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "eventstore/check/log_check.hpp"
#include "eventstore/index/log_index.hpp"
#include "eventstore/kv/scratch_folder.hpp"

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

/// What the events say, for comparison.
struct event_counts {
  std::uint64_t events = 0;
  log_head head;
};

/// All indexes folded once more, to be compared with those of the store.
class index_fold {
public:
  explicit index_fold(const kv_reader& store);
  void add(const recorded_event& e);
  /// Once all events are added.
  void compare(pass& p);

private:
  void write();
  void compare_one(pass& p, const log_index& index) const;

  std::vector<std::shared_ptr<const log_index>> indexes_;  // those that the store has in the present version
  scratch_store folded_;
  kv_batch batch_;
  std::unique_ptr<index_rows> rows_;
};

/// Texts and numbers taken from the front of a key that may be anything.
class key_reader {
public:
  explicit key_reader(std::string_view key) : rest_(key) {}
  [[nodiscard]] std::optional<std::string_view> text();
  [[nodiscard]] std::optional<std::uint64_t> number();
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

private:
  [[nodiscard]] std::optional<std::string_view> take(std::size_t size);
  std::string_view rest_;
};

/// The chain and the records, which are added to the indexes.
[[nodiscard]] event_counts check_events(pass& p, index_fold& indexes);
/// Versions without a gap. Gives the number of streams.
[[nodiscard]] std::uint64_t check_streams(pass& p, const event_counts& counts);
void check_head(pass& p, const event_counts& counts);

}  // namespace plo::eventstore::checking
