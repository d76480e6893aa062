// The indexes of all lists, and reading them together with the rows they belong to.
#pragma once

#include <memory>
#include <mutex>
#include <shared_mutex>

#include "eventstore/kv/kv_store.hpp"
#include "projections/core/facet_index.hpp"

namespace plo::projections {

/// What each list is filtered and sorted by.
struct project_index {
  enum facet : std::size_t { status, type, store, severity, assigned_to, facets };
  enum column : std::size_t { oldest_anomaly, updated_at, created_at, risk, columns };
};
struct anomaly_index {
  enum facet : std::size_t { status, severity, rule, store, type, assigned_to, facets };
  enum column : std::size_t { severity_and_age, raised_at, columns };
};
struct notification_index {
  enum facet : std::size_t { status, channel, rule, facets };
  enum column : std::size_t { requested, columns };
};
struct dead_letter_index {
  enum facet : std::size_t { kind, status, facets };
  enum column : std::size_t { added, columns };
};

struct list_indexes {
  facet_index projects{project_index::facets, project_index::columns};
  facet_index anomalies{anomaly_index::facets, anomaly_index::columns};
  facet_index notifications{notification_index::facets, notification_index::columns};
  facet_index dead_letters{dead_letter_index::facets, dead_letter_index::columns};
};

/// One writer, many readers, in the order in which they come: readers that overlap without end do not keep the writer waiting.
class index_gate {
public:
  [[nodiscard]] std::shared_lock<std::shared_mutex> read() {
    const std::lock_guard turn(turn_);
    return std::shared_lock(held_);
  }
  [[nodiscard]] std::unique_lock<std::shared_mutex> write() {
    const std::lock_guard turn(turn_);
    return std::unique_lock(held_);
  }

private:
  std::mutex turn_;
  std::shared_mutex held_;
};

/// Rows and indexes of one position. The read models do not move on until `release`: ask the index, release, then read rows.
/// Never kept across a wait.
class reading {
public:
  reading(std::shared_lock<std::shared_mutex> lock, std::unique_ptr<const eventstore::kv_reader> rows, const list_indexes& indexes)
      : lock_(std::move(lock)), rows_(std::move(rows)), indexes_(indexes) {}

  [[nodiscard]] const eventstore::kv_reader& rows() const { return *rows_; }
  /// Only until `release`.
  [[nodiscard]] const list_indexes& indexes() const { return indexes_; }
  void release() {
    if (lock_.owns_lock()) lock_.unlock();
  }
  /// The rows, which outlive the reading; releases.
  [[nodiscard]] std::unique_ptr<const eventstore::kv_reader> take_rows() {
    release();
    return std::move(rows_);
  }

private:
  std::shared_lock<std::shared_mutex> lock_;
  std::unique_ptr<const eventstore::kv_reader> rows_;
  const list_indexes& indexes_;
};

}  // namespace plo::projections
