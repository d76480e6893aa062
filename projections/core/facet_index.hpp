// An index of one list, in memory: which rows match, how many there are, and which come next.
//
// Rows are numbered densely. A facet is a field with few different values (a status, a store): each value has the bitmap of its rows,
// whose size is its total. A column is a number that rows are sorted and bounded by. Not thread-safe by itself: see list_indexes.hpp.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "domain/event/ids.hpp"

namespace plo::projections {

/// Where a row stands in an order: by key, then by id. Also what a cursor holds.
struct list_place {
  std::int64_t key = 0;
  uuid id;
  auto operator<=>(const list_place&) const = default;
};
[[nodiscard]] std::string encode_place(const list_place& place);
[[nodiscard]] std::optional<list_place> decode_place(std::string_view text);

struct facet_condition {
  std::size_t facet = 0;
  std::string value;  // exactly this one
};

struct column_condition {
  std::size_t column = 0;
  std::int64_t least = std::numeric_limits<std::int64_t>::min();
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
};

struct index_query {
  std::vector<facet_condition> facets;
  std::vector<column_condition> columns;
  std::optional<std::vector<uuid>> among;  // rows that another index found; those that are not here are passed over
  std::size_t sort = 0;                    // column
  bool ascending = true;
  std::size_t limit = 0;
  std::optional<list_place> after;
};

struct index_answer {
  std::vector<list_place> rows;  // in order
  bool more = false;             // there are rows behind the last one
  std::uint64_t total = 0;       // of all that match, wherever the page begins
};

class facet_index {
public:
  facet_index(std::size_t facets, std::size_t columns);
  ~facet_index();
  facet_index(facet_index&&) noexcept;
  facet_index& operator=(facet_index&&) noexcept;

  /// Adds a row or replaces it.
  void put(const uuid& id, std::span<const std::string_view> facets, std::span<const std::int64_t> columns);
  void remove(const uuid& id);

  [[nodiscard]] std::size_t size() const { return ordinals_.size(); }
  /// One page. The cost grows with the rows that match the facets, at about a nanosecond each.
  [[nodiscard]] index_answer select(const index_query& query) const;
  /// All places that match, in no order; limit and cursor are not looked at.
  [[nodiscard]] std::vector<list_place> all(const index_query& query) const;
  [[nodiscard]] std::uint64_t count(std::span<const facet_condition> conditions) const;

private:
  struct facet;
  using ordinal = std::uint32_t;

  template <class Visit>
  void each_match(const index_query& query, Visit visit) const;
  template <bool Ascending>
  void fill_page(const index_query& query, index_answer& answer) const;

  std::vector<facet> facets_;
  std::vector<std::vector<std::int64_t>> columns_;  // [column][ordinal]
  std::vector<uuid> ids_;                           // [ordinal]
  std::unordered_map<uuid, ordinal> ordinals_;
  std::vector<ordinal> free_;
  struct bitmap;
  std::unique_ptr<bitmap> alive_;
};

/// The changes of one step, held back until its rows are written.
class staged_rows {
public:
  void clear() { rows_.clear(); }
  void put(const uuid& id, std::vector<std::string> facets, std::vector<std::int64_t> columns) {
    rows_.push_back({id, std::move(facets), std::move(columns)});
  }
  /// Applies and forgets them.
  void apply_to(facet_index& index);

private:
  struct row {
    uuid id;
    std::vector<std::string> facets;
    std::vector<std::int64_t> columns;
  };
  std::vector<row> rows_;
};

}  // namespace plo::projections
