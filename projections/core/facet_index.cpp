#include "projections/core/facet_index.hpp"

#include <algorithm>
#include <array>

#include <roaring/roaring.hh>

#include "eventstore/kv/keys.hpp"

namespace plo::projections {

struct facet_index::bitmap {
  Roaring rows;
};

/// The values of one field: a code for each, which rows have it, and which code a row has.
struct facet_index::facet {
  struct value {
    std::string text;
    Roaring rows;
  };
  std::unordered_map<std::string, std::uint32_t> codes;
  std::vector<value> values;          // [code]
  std::vector<std::uint32_t> of_row;  // [ordinal]
  std::vector<std::uint32_t> unused;  // codes of values that no row has any more

  [[nodiscard]] const value* find(const std::string& text) const {
    const auto known = codes.find(text);
    return known == codes.end() ? nullptr : &values[known->second];
  }

  void enter(std::uint32_t row, std::string_view text) {
    std::string name(text);
    auto known = codes.find(name);
    if (known == codes.end()) {
      std::uint32_t code = 0;
      if (unused.empty()) {
        code = static_cast<std::uint32_t>(values.size());
        values.emplace_back();
      } else {
        code = unused.back();
        unused.pop_back();
      }
      values[code].text = name;
      known = codes.emplace(std::move(name), code).first;
    }
    of_row[row] = known->second;
    values[known->second].rows.add(row);
  }

  void leave(std::uint32_t row) {
    auto& old = values[of_row[row]];
    old.rows.remove(row);
    if (!old.rows.isEmpty()) return;
    codes.erase(old.text);
    unused.push_back(of_row[row]);
    old = {};
  }
};

std::string encode_place(const list_place& place) {
  std::string text;
  eventstore::keys::put_u64(text, static_cast<std::uint64_t>(place.key));
  eventstore::keys::put_uuid(text, place.id);
  return text;
}

std::optional<list_place> decode_place(std::string_view text) {
  if (text.size() != 24) return std::nullopt;
  return list_place{static_cast<std::int64_t>(eventstore::keys::get_u64(text)), eventstore::keys::get_uuid(text.substr(8))};
}

facet_index::facet_index(std::size_t facets, std::size_t columns)
    : facets_(facets), columns_(columns), alive_(std::make_unique<bitmap>()) {}
facet_index::~facet_index() = default;
facet_index::facet_index(facet_index&&) noexcept = default;
facet_index& facet_index::operator=(facet_index&&) noexcept = default;

void facet_index::put(const uuid& id, std::span<const std::string_view> facets, std::span<const std::int64_t> columns) {
  const auto known = ordinals_.find(id);
  ordinal row = 0;
  if (known != ordinals_.end()) {
    row = known->second;
  } else {
    if (free_.empty()) {
      row = static_cast<ordinal>(ids_.size());
      ids_.emplace_back();
      for (auto& f : facets_) f.of_row.push_back(0);
      for (auto& c : columns_) c.push_back(0);
    } else {
      row = free_.back();
      free_.pop_back();
    }
    ids_[row] = id;
    ordinals_.emplace(id, row);
    alive_->rows.add(row);
  }
  for (std::size_t i = 0; i < facets_.size(); ++i) {
    auto& f = facets_[i];
    if (known != ordinals_.end()) {
      if (f.values[f.of_row[row]].text == facets[i]) continue;
      f.leave(row);
    }
    f.enter(row, facets[i]);
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) columns_[i][row] = columns[i];
}

void facet_index::remove(const uuid& id) {
  const auto known = ordinals_.find(id);
  if (known == ordinals_.end()) return;
  const auto row = known->second;
  for (auto& f : facets_) f.leave(row);
  alive_->rows.remove(row);
  free_.push_back(row);
  ordinals_.erase(known);
}

namespace {

template <class Visit>
void each_row(const Roaring& rows, Visit visit) {
  std::array<std::uint32_t, 1024> block;
  roaring_uint32_iterator_t at;
  roaring_init_iterator(&rows.roaring, &at);
  while (const auto read = roaring_read_uint32_iterator(&at, block.data(), block.size()))
    for (std::uint32_t i = 0; i < read; ++i) visit(block[i]);
}

/// The rows that all bitmaps hold, beginning with the fewest.
Roaring rows_of_all(std::vector<const Roaring*> sets) {
  std::sort(sets.begin(), sets.end(), [](const auto* a, const auto* b) { return a->cardinality() < b->cardinality(); });
  auto common = *sets[0] & *sets[1];
  for (std::size_t i = 2; i < sets.size(); ++i) common &= *sets[i];
  return common;
}

}  // namespace

/// Calls `visit` for every ordinal that matches facets and candidates; columns are left to the caller.
template <class Visit>
void facet_index::each_match(const index_query& query, Visit visit) const {
  std::vector<const Roaring*> sets;
  std::vector<std::pair<const facet*, std::uint32_t>> codes;
  for (const auto& condition : query.facets) {
    const auto& f = facets_[condition.facet];
    const auto* value = f.find(condition.value);
    if (value == nullptr) return;
    sets.push_back(&value->rows);
    codes.emplace_back(&f, static_cast<std::uint32_t>(value - f.values.data()));
  }
  if (query.among) {
    std::vector<ordinal> rows;
    for (const auto& id : *query.among)
      if (const auto known = ordinals_.find(id); known != ordinals_.end()) rows.push_back(known->second);
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    for (const auto row : rows)
      if (std::all_of(codes.begin(), codes.end(), [row](const auto& c) { return c.first->of_row[row] == c.second; })) visit(row);
    return;
  }
  if (sets.empty()) each_row(alive_->rows, visit);
  else if (sets.size() == 1) each_row(*sets[0], visit);
  else each_row(rows_of_all(std::move(sets)), visit);
}

template <bool Ascending>
void facet_index::fill_page(const index_query& query, index_answer& answer) const {
  const auto comes_first = [](const list_place& a, const list_place& b) { return Ascending ? a < b : b < a; };
  const auto& keys = columns_[query.sort];
  auto& best = answer.rows;  // a heap of the first rows so far, the last of them on top
  const auto most = query.limit + 1;
  const bool bounded = !query.columns.empty();
  each_match(query, [&](ordinal row) {
    if (bounded)
      for (const auto& c : query.columns)
        if (columns_[c.column][row] < c.least || columns_[c.column][row] > c.most) return;
    ++answer.total;
    const auto key = keys[row];
    // Most rows are told apart by the key alone, without looking at their id.
    if (best.size() == most && (Ascending ? key > best.front().key : key < best.front().key)) return;
    const list_place place{key, ids_[row]};
    if (query.after && !comes_first(*query.after, place)) return;
    if (best.size() == most) {
      if (!comes_first(place, best.front())) return;
      std::pop_heap(best.begin(), best.end(), comes_first);
      best.back() = place;
    } else {
      best.push_back(place);
    }
    std::push_heap(best.begin(), best.end(), comes_first);
  });
  std::sort_heap(best.begin(), best.end(), comes_first);
  answer.more = best.size() == most;
  if (answer.more) best.pop_back();
}

index_answer facet_index::select(const index_query& query) const {
  index_answer answer;
  answer.rows.reserve(query.limit + 1);
  if (query.ascending) fill_page<true>(query, answer);
  else fill_page<false>(query, answer);
  return answer;
}

std::vector<list_place> facet_index::all(const index_query& query) const {
  std::vector<list_place> places;
  each_match(query, [&](ordinal row) {
    for (const auto& c : query.columns)
      if (columns_[c.column][row] < c.least || columns_[c.column][row] > c.most) return;
    places.push_back({columns_[query.sort][row], ids_[row]});
  });
  return places;
}

std::uint64_t facet_index::count(std::span<const facet_condition> conditions) const {
  std::vector<const Roaring*> sets;
  for (const auto& condition : conditions) {
    const auto* value = facets_[condition.facet].find(condition.value);
    if (value == nullptr) return 0;
    sets.push_back(&value->rows);
  }
  if (sets.empty()) return ordinals_.size();
  return sets.size() == 1 ? sets[0]->cardinality() : rows_of_all(std::move(sets)).cardinality();
}

void staged_rows::apply_to(facet_index& index) {
  std::vector<std::string_view> facets;
  for (const auto& staged : rows_) {
    facets.assign(staged.facets.begin(), staged.facets.end());
    index.put(staged.id, facets, staged.columns);
  }
  rows_.clear();
}

}  // namespace plo::projections
