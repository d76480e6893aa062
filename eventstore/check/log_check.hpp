// Proof that a log is whole: every record follows the one before it, and every index says what the records say.
//
// The log itself trusts its store when it is opened read only; this is what finds out whether it may. One pass over the events in their
// order, one over the streams, one over each other index; nothing is kept of them but counts, so memory does not grow with the log.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "eventstore/kv/kv_store.hpp"
#include "eventstore/log.hpp"
#include "eventstore/record/archive.hpp"

namespace plo::eventstore {

/// Something that is not as it should be. `at` is the position of the event concerned; 0 where none is.
struct log_fault {
  position at;
  std::string what;  // a sentence
  bool operator==(const log_fault&) const = default;
};

/// The faults that were found, the first of them kept.
class fault_list {
public:
  explicit fault_list(std::size_t most) : most_(most) {}
  void add(position at, std::string what);
  /// By position; those of no position last.
  [[nodiscard]] std::vector<log_fault> sorted() const;
  [[nodiscard]] std::uint64_t total() const { return total_; }

private:
  std::size_t most_;
  std::uint64_t total_ = 0;
  std::vector<log_fault> kept_;
};

/// A head that was written down elsewhere, which the log must still lead through.
struct known_head {
  position at;
  chain_hash hash{};
  std::string name;  // for messages
};

struct log_check_options {
  std::vector<known_head> heads;
  std::size_t most_faults = 100;  // that are told
  /// Called now and then with steps done and steps there are, about one for each event and pass.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;
};

struct log_check_report {
  std::uint64_t events = 0;
  std::uint64_t streams = 0;
  log_head head;                  // of the last record that was read
  std::vector<log_fault> faults;  // the first of them, by position
  std::uint64_t faults_total = 0;
  [[nodiscard]] bool ok() const { return faults_total == 0; }
};

/// Reads the whole store under a log. A store that cannot be read is a fault like any other.
[[nodiscard]] log_check_report check_log(const kv_reader& store, const archive_reader& archive, const log_check_options& options);

}  // namespace plo::eventstore
