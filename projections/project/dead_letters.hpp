// What was kept because no project could be found, or because it contradicts what was stored first.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "eventstore/index/dead_letters.hpp"
#include "projections/core/list_indexes.hpp"
#include "projections/core/page.hpp"
#include "projections/core/projection.hpp"

namespace plo::projections {

/// What the list is filtered and sorted by.
struct dead_letter_index {
  static constexpr std::string_view name = "dead_letters";
  enum facet : std::size_t { kind, status, facets };
  enum column : std::size_t { added, columns };
};

struct dead_letter_query {
  page_request page;
  std::string kind, status;  // empty: any
};

inline constexpr char dead_letters_cursor = 'd';

[[nodiscard]] std::unique_ptr<projection> make_dead_letters(facet_index& index);

/// A page of dead letters, newest first.
[[nodiscard]] page list_dead_letters(reading& views, const eventstore::log& log, const dead_letter_query& query);
/// Its place in the log's terms, for a command on it; empty when there is none.
[[nodiscard]] std::optional<eventstore::dead_letter_entry> find_letter(const row_reader& views, const dead_letter_id& id);
/// One as in the list; empty when there is none.
[[nodiscard]] std::optional<std::string> dead_letter_json(const row_reader& views, const eventstore::log& log, const dead_letter_id& id);

}  // namespace plo::projections
