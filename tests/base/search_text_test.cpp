// How texts are folded and cut.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/search_text.hpp"

namespace plo {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

TEST(search_text, case_accents_and_ligatures_do_not_matter) {
  EXPECT_EQ(fold_text("CMD-2025"), "cmd-2025");
  EXPECT_EQ(fold_text("Éléonore Müller"), "eleonore muller");
  EXPECT_EQ(fold_text("Cœur d’Alene"), "coeur d'alene");
  EXPECT_EQ(fold_text("STRASSE"), fold_text("Straße"));
  EXPECT_EQ(fold_text("ＡＢＣ"), "abc");
  EXPECT_EQ(fold_text("e\u0301"), fold_text("é"));
  EXPECT_EQ(fold_text("\xff\xfe"), "");
}

TEST(search_text, terms_are_the_parts_between_spaces) {
  EXPECT_THAT(search_terms("  Jean-Pierre  DUPONT dupont "), ElementsAre("jean-pierre", "dupont"));
  EXPECT_THAT(search_terms("(CMD-1)"), ElementsAre("cmd-1"));
  EXPECT_THAT(search_terms("---"), ElementsAre("---"));
  EXPECT_THAT(search_terms("   "), ElementsAre());
  EXPECT_EQ(search_terms("a b c d e f g h i j k l").size(), 10u);
  EXPECT_LE(search_terms(std::string(500, 'x'))[0].size(), max_token_bytes);
}

TEST(search_text, an_entity_has_its_words_its_parts_and_its_whole_references) {
  token_set tokens;
  tokens.add_text("Jean-Pierre Dupont");
  tokens.add_reference("CMD 7/A");
  std::vector<std::string> names;
  for (const auto& [token, rank] : tokens.all()) names.push_back(token + (rank == token_rank::reference ? "!" : ""));
  EXPECT_THAT(names, UnorderedElementsAre("jean-pierre", "jean", "pierre", "dupont", "cmd 7/a!", "cmd", "7/a", "7", "a"));
}

}  // namespace
}  // namespace plo
