// Pages of lists: cursors and bounds, the same for every list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.hpp"
#include "eventstore/kv/keys.hpp"
#include "projections/core/rows.hpp"

namespace plo::projections {

inline constexpr std::size_t default_page = 50;
inline constexpr std::size_t max_page = 200;
/// A page whose rows are large ends earlier than it was asked to: its cursor goes on from there.
inline constexpr std::size_t max_page_bytes = 4u << 20;

/// Where a page begins and how long it may be. `after` is the place of the last row of the page before.
struct page_request {
  std::size_t limit = default_page;
  std::optional<std::string> after;
};

/// One page as JSON `{items, next_cursor, total}`.
struct page {
  std::string items;  // JSON array
  std::optional<std::string> next;  // place of the last row, when there are more
  std::uint64_t total = 0;
};

/// Reads a page of the keys under `prefix`, a list in its order, from the cursor on; a cursor is the key behind the prefix. `load` gives the
/// row of such a place and its value, or nothing when it is not on the list; `write` writes a row. The total is known.
template <class Load, class Write>
[[nodiscard]] page scan_page(const row_reader& views, row_family where, const std::string& prefix, std::uint64_t total,
                             const page_request& request, Load load, Write write) {
  page result;
  result.total = total;
  json_writer items;
  items.begin_array();
  std::size_t taken = 0;
  std::string last;
  views.scan(where, request.after ? prefix + *request.after + '\0' : prefix, eventstore::keys::after(prefix), [&](std::string_view key, std::string_view value) {
    const auto place = key.substr(prefix.size());
    const auto row = load(place, value);
    if (!row) return true;
    if (taken == request.limit) {
      result.next = std::move(last);
      return false;
    }
    write(items, *row);
    last = place;
    ++taken;
    return true;
  });
  result.items = items.end_array().str();
  return result;
}

/// A key as an opaque cursor, and back. `list` tells the lists (and their orders) apart: a cursor of another list is refused.
[[nodiscard]] std::string make_cursor(char list, std::string_view key);
[[nodiscard]] std::optional<std::string> read_cursor(char list, std::string_view cursor);

}  // namespace plo::projections
