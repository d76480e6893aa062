// Pages of lists that are in memory.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "http/server/reading.hpp"

namespace plo::http {

/// A list item: its key, which is the cursor, and its JSON.
using listed = std::optional<std::pair<std::string, std::string>>;

/// One page: `next` gives the items in order, from behind the cursor on, until it gives none.
template <class Next>
std::string page_of_items(const projections::page_request& page, std::uint64_t total, char list, Next next) {
  projections::page result;
  result.total = total;
  json_writer items;
  items.begin_array();
  std::size_t taken = 0;
  std::string last;
  while (const listed item = next()) {
    if (taken++ == page.limit) {
      result.next = last;
      break;
    }
    items.raw(item->second);
    last = item->first;
  }
  items.end_array();
  result.items = items.str();
  return page_json(result, list);
}

}  // namespace plo::http
