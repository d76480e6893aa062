// Tokens as keys of a family, so that everything that begins alike lies together: a prefix is a range.
//
// A key is space ‖ token ‖ 0 ‖ rest, its value the rank of the token. `space` keeps kinds of entities apart; `rest` names the entity, and
// sorts those of equal tokens.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/search_text.hpp"
#include "projections/core/rows.hpp"

namespace plo::projections {

struct token_space {
  row_family where;
  std::string prefix;
};

[[nodiscard]] std::string token_key(const token_space& space, std::string_view token, std::string_view rest);

/// Tokens as text, to be kept in a row, and back; sorted.
using token_list = std::vector<std::pair<std::string_view, token_rank>>;
void put_tokens(std::string& out, const token_set& tokens);
[[nodiscard]] token_list take_tokens(std::string_view& in);

/// Writes the difference between what an entity's tokens were and are. Either side may have none.
void change_tokens(row_batch& batch, const token_space& space, const token_list& before, std::string_view rest_before,
                   const token_set& after, std::string_view rest_after);

/// How well a term meets an entity's tokens, as a number from 0 (not at all) to 3 (the whole of a reference).
[[nodiscard]] int match_of(std::string_view term, const token_list& tokens);
/// The worst match of all terms.
[[nodiscard]] int match_of(const std::vector<std::string>& terms, const token_list& tokens);

/// Tells whether the entity of `rest` has a token for every term; asked only where the ranges of the terms are too long.
using term_check = std::function<bool(std::string_view rest, const std::vector<std::string>& terms)>;

/// The rests of all entities that have, for every term, a token that begins with it; sorted, each once.
[[nodiscard]] std::vector<std::string> find_all(const row_reader& views, const token_space& space,
                                                const std::vector<std::string>& terms, const term_check& has_terms);

/// At most `most` of them, exact tokens first; looks at a bounded number of keys.
[[nodiscard]] std::vector<std::string> find_some(const row_reader& views, const token_space& space,
                                                 const std::vector<std::string>& terms, std::size_t most);

}  // namespace plo::projections
