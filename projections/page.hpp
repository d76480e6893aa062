// Pages of lists: cursors and bounds, the same for every list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plo::projections {

inline constexpr std::size_t default_page = 50;
inline constexpr std::size_t max_page = 200;

/// Where a page begins and how long it may be. `after` is the key of the last row of the page before.
struct page_request {
  std::size_t limit = default_page;
  std::optional<std::string> after;
};

/// One page as JSON `{items, next_cursor, total}`.
struct page {
  std::string items;  // JSON array
  std::optional<std::string> next;  // key of the last row, when there are more
  std::uint64_t total = 0;
};

/// A key as an opaque cursor, and back. `list` tells the lists (and their orders) apart: a cursor of another list is refused.
[[nodiscard]] std::string make_cursor(char list, std::string_view key);
[[nodiscard]] std::optional<std::string> read_cursor(char list, std::string_view cursor);

}  // namespace plo::projections
