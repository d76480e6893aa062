// The indexes of all lists, and reading them together with the rows they belong to.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string_view>

#include "projections/core/facet_index.hpp"
#include "projections/core/rows.hpp"

namespace plo::projections {

/// The indexes by the names of their lists, which are those of the read models. A list says what it is filtered and sorted by in a struct like
///   struct thing_index {
///     static constexpr std::string_view name = "things";
///     enum facet : std::size_t { status, facets };
///     enum column : std::size_t { added, columns };
///   };
class list_indexes {
public:
  /// A new, empty one; it lives as long as this.
  template <class List>
  facet_index& add() {
    return *indexes_.emplace(List::name, std::make_unique<facet_index>(List::facets, List::columns)).first->second;
  }
  template <class List>
  [[nodiscard]] const facet_index& of() const {
    return *indexes_.at(List::name);
  }

private:
  std::map<std::string_view, std::unique_ptr<facet_index>> indexes_;
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
  reading(std::shared_lock<std::shared_mutex> lock, std::unique_ptr<const row_reader> rows, const list_indexes& indexes)
      : lock_(std::move(lock)), rows_(std::move(rows)), indexes_(indexes) {}

  [[nodiscard]] const row_reader& rows() const { return *rows_; }
  /// Only until `release`. Throws view_not_ready where the rows do.
  template <class List>
  [[nodiscard]] const facet_index& index() const {
    (void)rows_->place_of(List::name);
    return indexes_.of<List>();
  }
  void release() {
    if (lock_.owns_lock()) lock_.unlock();
  }
  /// The rows, which outlive the reading; releases.
  [[nodiscard]] std::unique_ptr<const row_reader> take_rows() {
    release();
    return std::move(rows_);
  }

private:
  std::shared_lock<std::shared_mutex> lock_;
  std::unique_ptr<const row_reader> rows_;
  const list_indexes& indexes_;
};

}  // namespace plo::projections
