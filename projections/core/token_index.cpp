#include "projections/core/token_index.hpp"

#include <algorithm>

#include "eventstore/kv/keys.hpp"

namespace plo::projections {

namespace keys = eventstore::keys;

namespace {

/// A range longer than this is not read where another term's is shorter: its term is looked for in the rows instead.
constexpr std::size_t short_range = 2'000;

struct token_range {
  std::vector<std::string> rests;  // in key order
  bool whole = true;
};

token_range read_range(const row_reader& views, const token_space& space, std::string_view term, std::size_t most) {
  token_range range;
  const auto prefix = space.prefix + std::string(term);
  views.scan(space.where, prefix, keys::after(prefix), [&](std::string_view key, std::string_view) {
    if (range.rests.size() == most) {
      range.whole = false;
      return false;
    }
    const auto end = key.find('\0', space.prefix.size());
    range.rests.emplace_back(key.substr(end + 1));
    return true;
  });
  return range;
}

void sort_once(std::vector<std::string>& rests) {
  std::sort(rests.begin(), rests.end());
  rests.erase(std::unique(rests.begin(), rests.end()), rests.end());
}

}  // namespace

std::string token_key(const token_space& space, std::string_view token, std::string_view rest) {
  std::string key = space.prefix;
  key.append(token).push_back('\0');
  return key.append(rest);
}

void change_tokens(row_batch& batch, const token_space& space, const token_list& before, std::string_view rest_before,
                   const token_set& after, std::string_view rest_after) {
  const bool same_place = rest_before == rest_after;
  for (const auto& [token, rank] : before)
    if (!same_place || !after.all().contains(token)) batch.remove(space.where, token_key(space, token, rest_before));
  for (const auto& [token, rank] : after.all()) {
    if (same_place && std::binary_search(before.begin(), before.end(), std::pair(std::string_view(token), rank))) continue;
    batch.put(space.where, token_key(space, token, rest_after), std::string(1, static_cast<char>(rank)));
  }
}

void put_tokens(std::string& out, const token_set& tokens) {
  keys::put_u64(out, tokens.all().size());
  for (const auto& [token, rank] : tokens.all()) {
    out.push_back(static_cast<char>(rank));
    keys::put_text(out, token);
  }
}

token_list take_tokens(std::string_view& in) {
  token_list tokens(keys::get_u64(in));
  in.remove_prefix(8);
  for (auto& [token, rank] : tokens) {
    rank = static_cast<token_rank>(in.front());
    in.remove_prefix(1);
    token = keys::take_text(in);
  }
  return tokens;
}

int match_of(const std::vector<std::string>& terms, const token_list& tokens) {
  int worst = 3;
  for (const auto& term : terms) worst = std::min(worst, match_of(term, tokens));
  return worst;
}

int match_of(std::string_view term, const token_list& tokens) {
  int best = 0;
  for (const auto& [token, rank] : tokens) {
    if (!token.starts_with(term)) continue;
    if (token.size() > term.size()) best = std::max(best, 1);
    else best = std::max(best, rank == token_rank::reference ? 3 : 2);
  }
  return best;
}

std::vector<std::string> find_all(const row_reader& views, const token_space& space, const std::vector<std::string>& terms,
                                  const term_check& has_terms) {
  std::vector<std::string> found;
  std::vector<std::string> unread;  // terms whose ranges are long
  bool any_read = false;
  for (const auto& term : terms) {
    auto range = read_range(views, space, term, short_range);
    if (!range.whole) {
      unread.push_back(term);
      continue;
    }
    sort_once(range.rests);
    if (any_read) {
      std::vector<std::string> both;
      std::set_intersection(found.begin(), found.end(), range.rests.begin(), range.rests.end(), std::back_inserter(both));
      found = std::move(both);
    } else {
      found = std::move(range.rests);
    }
    any_read = true;
    if (found.empty()) return found;
  }
  if (any_read) {
    if (!unread.empty()) std::erase_if(found, [&](const std::string& rest) { return !has_terms(rest, unread); });
    return found;
  }
  for (const auto& term : terms) {
    auto range = read_range(views, space, term, ~std::size_t{0});
    sort_once(range.rests);
    if (&term == &terms.front()) {
      found = std::move(range.rests);
      continue;
    }
    std::vector<std::string> both;
    std::set_intersection(found.begin(), found.end(), range.rests.begin(), range.rests.end(), std::back_inserter(both));
    found = std::move(both);
  }
  return found;
}

std::vector<std::string> find_some(const row_reader& views, const token_space& space, const std::vector<std::string>& terms,
                                   std::size_t most) {
  token_range best;
  best.whole = false;
  auto longest_first = terms;
  std::stable_sort(longest_first.begin(), longest_first.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  for (const auto& term : longest_first) {
    auto range = read_range(views, space, term, most);
    // The shortest range that was read to its end holds all that can match; failing that, the longest term's is the likeliest to.
    const bool better = best.rests.empty() || (range.whole && (!best.whole || range.rests.size() < best.rests.size()));
    if (better) best = std::move(range);
    if (best.whole && best.rests.empty()) break;
  }
  return std::move(best.rests);
}

}  // namespace plo::projections
