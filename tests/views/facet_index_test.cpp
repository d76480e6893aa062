// The index against a model that looks at every row.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "projections/core/facet_index.hpp"

namespace plo::projections {
namespace {

struct model_row {
  std::array<std::string, 3> facets;
  std::array<std::int64_t, 2> columns;
};

class facet_index_test : public ::testing::Test {
protected:
  std::mt19937 random{20250615};
  facet_index index{3, 2};
  std::map<uuid, model_row> model;

  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); }

  uuid an_id(std::uint32_t n) {
    uuid id;
    for (int i = 0; i < 4; ++i) id.bytes[static_cast<std::size_t>(15 - i)] = static_cast<std::uint8_t>(n >> (8 * i));
    return id;
  }

  void put(std::uint32_t n) {
    model_row row;
    row.facets = {"s" + std::to_string(below(4)), "t" + std::to_string(below(3)), below(2) == 0 ? "" : "u" + std::to_string(below(20))};
    row.columns = {static_cast<std::int64_t>(below(30)) - 10, static_cast<std::int64_t>(below(1000))};
    std::vector<std::string_view> facets(row.facets.begin(), row.facets.end());
    index.put(an_id(n), facets, row.columns);
    model[an_id(n)] = row;
  }
  void remove(std::uint32_t n) {
    index.remove(an_id(n));
    model.erase(an_id(n));
  }

  index_query a_query() {
    index_query q;
    const char* const names = "stu";
    for (std::size_t f = 0; f < 3; ++f)
      if (below(3) == 0) q.facets.push_back({f, f == 2 && below(2) == 0 ? std::string() : names[f] + std::to_string(below(5))});
    if (below(3) == 0) q.columns.push_back({1, below(500), 500 + below(500)});
    if (below(4) == 0) {
      q.among.emplace();
      for (int i = 0; i < 40; ++i) q.among->push_back(an_id(below(400)));
    }
    q.sort = below(2);
    q.ascending = below(2) == 0;
    q.limit = 1 + below(20);
    return q;
  }

  std::vector<list_place> expected(const index_query& q) const {
    std::vector<list_place> places;
    for (const auto& [id, row] : model) {
      const bool facets = std::all_of(q.facets.begin(), q.facets.end(), [&](const auto& c) { return row.facets[c.facet] == c.value; });
      const bool columns = std::all_of(q.columns.begin(), q.columns.end(),
                                       [&](const auto& c) { return row.columns[c.column] >= c.least && row.columns[c.column] <= c.most; });
      const bool among = !q.among || std::find(q.among->begin(), q.among->end(), id) != q.among->end();
      if (facets && columns && among) places.push_back({row.columns[q.sort], id});
    }
    std::sort(places.begin(), places.end());
    if (!q.ascending) std::reverse(places.begin(), places.end());
    return places;
  }
};

TEST_F(facet_index_test, pages_and_totals_are_those_of_a_scan) {
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 60; ++i) below(5) == 0 ? remove(below(400)) : put(below(400));
    ASSERT_EQ(index.size(), model.size());
    for (int i = 0; i < 20; ++i) {
      auto q = a_query();
      const auto all = expected(q);
      std::vector<list_place> walked;
      for (;;) {
        const auto answer = index.select(q);
        ASSERT_EQ(answer.total, all.size());
        ASSERT_LE(answer.rows.size(), q.limit);
        walked.insert(walked.end(), answer.rows.begin(), answer.rows.end());
        if (!answer.more) break;
        q.after = answer.rows.back();
      }
      ASSERT_EQ(walked, all);
      auto exported = index.all(q);
      std::sort(exported.begin(), exported.end());
      if (!q.ascending) std::reverse(exported.begin(), exported.end());
      ASSERT_EQ(exported, all);
      if (q.columns.empty() && !q.among) {
        ASSERT_EQ(index.count(q.facets), all.size());
      }
    }
  }
}

TEST_F(facet_index_test, a_walk_meets_every_row_that_stays_exactly_once_while_others_come_and_go) {
  for (std::uint32_t n = 0; n < 300; ++n) put(n);
  for (const bool ascending : {true, false}) {
    std::set<uuid> moved;
    std::vector<uuid> seen;
    const auto at_start = model;
    index_query q;
    q.sort = 1;
    q.ascending = ascending;
    q.limit = 7;
    for (;;) {
      const auto answer = index.select(q);
      for (const auto& row : answer.rows) seen.push_back(row.id);
      if (!answer.more) break;
      q.after = answer.rows.back();
      for (int i = 0; i < 3; ++i) {
        const auto n = below(400);
        moved.insert(an_id(n));
        below(3) == 0 ? remove(n) : put(n);
      }
    }
    for (const auto& [id, row] : at_start) {
      if (moved.contains(id)) continue;
      EXPECT_EQ(std::count(seen.begin(), seen.end(), id), 1) << id.to_string();
    }
  }
}

TEST_F(facet_index_test, values_that_no_row_has_are_forgotten) {
  for (int i = 0; i < 1000; ++i) {
    const auto name = "store " + std::to_string(i);
    const std::string_view facets[] = {name, "t", ""};
    const std::int64_t columns[] = {i, i};
    index.put(an_id(1), facets, columns);
  }
  const facet_condition last[] = {{0, "store 999"}}, gone[] = {{0, "store 998"}};
  EXPECT_EQ(index.count(last), 1u);
  EXPECT_EQ(index.count(gone), 0u);
  EXPECT_EQ(index.size(), 1u);
}

TEST(list_place_test, a_cursor_is_read_back_and_nothing_else_is) {
  list_place place{-5, {}};
  place.id.bytes[3] = 7;
  EXPECT_EQ(decode_place(encode_place(place)), place);
  EXPECT_FALSE(decode_place(""));
  EXPECT_FALSE(decode_place(std::string(23, 'x')));
  EXPECT_FALSE(decode_place(std::string(25, 'x')));
}

}  // namespace
}  // namespace plo::projections
