// How texts are folded and cut, and what finds them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/search_text.hpp"
#include "projections/core/token_index.hpp"
#include "projections/project/exports.hpp"

namespace plo::projections {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

TEST(folding_test, case_accents_and_ligatures_do_not_matter) {
  EXPECT_EQ(fold("CMD-2025"), "cmd-2025");
  EXPECT_EQ(fold("Éléonore Müller"), "eleonore muller");
  EXPECT_EQ(fold("Cœur d’Alene"), "coeur d'alene");
  EXPECT_EQ(fold("STRASSE"), fold("Straße"));
  EXPECT_EQ(fold("ＡＢＣ"), "abc");
  EXPECT_EQ(fold("e\u0301"), fold("é"));
  EXPECT_EQ(fold("\xff\xfe"), "");
}

TEST(folding_test, terms_are_the_parts_between_spaces) {
  EXPECT_THAT(search_terms("  Jean-Pierre  DUPONT dupont "), ElementsAre("jean-pierre", "dupont"));
  EXPECT_THAT(search_terms("(CMD-1)"), ElementsAre("cmd-1"));
  EXPECT_THAT(search_terms("---"), ElementsAre("---"));
  EXPECT_THAT(search_terms("   "), ElementsAre());
  EXPECT_EQ(search_terms("a b c d e f g h i j k l").size(), 10u);
  EXPECT_LE(search_terms(std::string(500, 'x'))[0].size(), max_token_bytes);
}

TEST(folding_test, an_entity_has_its_words_its_parts_and_its_whole_references) {
  token_set tokens;
  tokens.add_text("Jean-Pierre Dupont");
  tokens.add_reference("CMD 7/A");
  std::vector<std::string> names;
  for (const auto& [token, rank] : tokens.all()) names.push_back(token + (rank == token_rank::reference ? "!" : ""));
  EXPECT_THAT(names, UnorderedElementsAre("jean-pierre", "jean", "pierre", "dupont", "cmd 7/a!", "cmd", "7/a", "7", "a"));
}

class token_index_test : public ::testing::Test {
protected:
  std::unique_ptr<eventstore::kv_store> store = eventstore::make_memory_store({{{"tokens"}}, false});
  token_space space{0, "T"};
  std::map<std::string, std::string> texts;

  void put(const std::string& name, const std::string& text) {
    eventstore::kv_batch batch;
    token_set before, after;
    if (const auto known = texts.find(name); known != texts.end()) before.add_text(known->second);
    after.add_text(text);
    std::string kept;
    put_tokens(kept, before);
    std::string_view rest = kept;
    change_tokens(batch, space, take_tokens(rest), name, after, name);
    store->write(batch);
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
    return find_all(*store, space, search_terms(text), check);
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
  EXPECT_EQ(find_some(*store, space, {"order"}, 50).size(), 50u);
  EXPECT_EQ(find_some(*store, space, {"order", "rare"}, 50).size(), 5u);
}

TEST(csv_test, cells_are_quoted_and_are_no_formulas) {
  const auto cell = [](std::string_view text) {
    std::string line;
    append_csv_text(line, text);
    return line;
  };
  EXPECT_EQ(cell("plain"), "plain");
  EXPECT_EQ(cell("a,b"), "\"a,b\"");
  EXPECT_EQ(cell("say \"hi\"\n"), "\"say \"\"hi\"\"\n\"");
  EXPECT_EQ(cell("=1+1"), "'=1+1");
  EXPECT_EQ(cell("+33"), "'+33");
  EXPECT_EQ(cell("-1"), "'-1");
  EXPECT_EQ(cell("@x"), "'@x");
  EXPECT_EQ(cell("\tx"), "'\tx");
  EXPECT_EQ(cell("\r=x"), "\"'\r=x\"");
  EXPECT_EQ(cell(""), "");
}

TEST(csv_test, a_spreadsheet_that_cuts_at_semicolons_or_line_ends_finds_no_formula_either) {
  const auto cell = [](std::string_view text) {
    std::string line;
    append_csv_text(line, text);
    return line;
  };
  EXPECT_EQ(cell("a;b"), "\"a;b\"");
  EXPECT_EQ(cell("x;=1+1"), "\"'x;=1+1\"");
  EXPECT_EQ(cell("a,b;=HYPERLINK(1)"), "\"'a,b;=HYPERLINK(1)\"");
  EXPECT_EQ(cell("x; \t@SUM"), "\"'x; \t@SUM\"");
  EXPECT_EQ(cell("\n=1+2"), "\"'\n=1+2\"");
  EXPECT_EQ(cell("  -2"), "'  -2");
  EXPECT_EQ(cell("\xef\xbc\x9d" "1"), "'\xef\xbc\x9d" "1");
  EXPECT_EQ(cell("\xc2\xa0+1"), "'\xc2\xa0+1");
  EXPECT_EQ(cell("a-b+c@d=e"), "a-b+c@d=e");
  EXPECT_EQ(cell("Lyon; Paris"), "\"Lyon; Paris\"");
}

}  // namespace
}  // namespace plo::projections
