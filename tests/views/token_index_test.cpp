// What is found by the beginnings of its words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "projections/core/token_index.hpp"

namespace plo::projections {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class token_index_test : public ::testing::Test {
protected:
  std::unique_ptr<eventstore::kv_store> store = eventstore::make_memory_store({{{"tokens"}}, false});
  std::shared_ptr<const row_places> places = std::make_shared<row_places>(row_places{{"tokens", {eventstore::family{0}, {}}}});
  row_reader rows{places, *store};
  token_space space{{"tokens"}, "T"};
  std::map<std::string, std::string> texts;

  void put(const std::string& name, const std::string& text) {
    eventstore::kv_batch changes;
    row_batch batch(*places, changes);
    token_set before, after;
    if (const auto known = texts.find(name); known != texts.end()) before.add_text(known->second);
    after.add_text(text);
    std::string kept;
    put_tokens(kept, before);
    std::string_view rest = kept;
    change_tokens(batch, space, take_tokens(rest), name, after, name);
    store->write(changes);
    texts[name] = text;
  }
  std::vector<std::string> find(std::string_view text) {
    const auto check = [&](std::string_view rest, const std::vector<std::string>& terms) {
      token_set tokens;
      tokens.add_text(texts.at(std::string(rest)));
      std::string kept;
      put_tokens(kept, tokens);
      std::string_view left = kept;
      return match_of(terms, take_tokens(left)) > 0;
    };
    return find_all(rows, space, search_terms(text), check);
  }
};

TEST_F(token_index_test, every_term_must_begin_a_token) {
  put("a", "Jean Dupont");
  put("b", "Jeanne Dupuis");
  put("c", "Paul Martin");
  EXPECT_THAT(find("jean"), ElementsAre("a", "b"));
  EXPECT_THAT(find("dup jeann"), ElementsAre("b"));
  EXPECT_THAT(find("jean martin"), ElementsAre());
  put("a", "Paul Dupont");
  EXPECT_THAT(find("jean"), ElementsAre("b"));
  EXPECT_THAT(find("paul"), ElementsAre("a", "c"));
}

TEST_F(token_index_test, long_ranges_are_left_to_the_rows_of_the_short_ones) {
  for (int i = 0; i < 2500; ++i) put("n" + std::to_string(i), "order number" + std::to_string(i) + (i % 500 == 7 ? " rare" : ""));
  EXPECT_EQ(find("order").size(), 2500u);
  EXPECT_EQ(find("order number").size(), 2500u);
  EXPECT_THAT(find("order rare"), UnorderedElementsAre("n7", "n507", "n1007", "n1507", "n2007"));
  EXPECT_EQ(find_some(rows, space, {"order"}, 50).size(), 50u);
  EXPECT_EQ(find_some(rows, space, {"order", "rare"}, 50).size(), 5u);
}

}  // namespace
}  // namespace plo::projections
