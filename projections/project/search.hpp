// Finding things by what people remember of them: a reference, a name, a part of either.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "domain/rules/rule_set.hpp"
#include "projections/core/projection.hpp"
#include "projections/project/legs.hpp"

namespace plo::projections {

inline constexpr std::size_t max_hits = 20;
inline constexpr std::size_t max_search_bytes = 200;

/// Keeps the tokens of projects, their orders and their references.
[[nodiscard]] std::unique_ptr<projection> make_search(const project_fold& projects);

/// `{items: [{kind, id, project_id, title, subtitle, score}]}`: projects, customers, orders, references and rules that have, for every
/// term, a word or reference that begins with it. A whole reference counts more than a whole word, and that more than a beginning; of
/// equals the more recent comes first. Looks at a bounded number of entries.
[[nodiscard]] std::string search(const row_reader& views, const rules::rule_set& rules, std::string_view text);

/// Projects for which every term of the text begins a word of, or the whole of, their references, orders' references, customer's name
/// or customer's id. Empty when the text has no terms.
[[nodiscard]] std::optional<std::vector<uuid>> find_projects_by_text(const row_reader& views, std::string_view text);

}  // namespace plo::projections
