// The files that say what mails say are read as strictly as any other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/mail_templates.hpp"

namespace {

using namespace plo::config;
using testing::HasSubstr;

TEST(MailTemplates, BothLanguagesAreBuiltIn) {
  for (const auto* language : {"fr", "en"}) {
    const auto read = built_in_mail_templates(language);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->language, language);
    EXPECT_EQ(read->rules.size(), 35u);
    EXPECT_EQ(read->weekdays.size(), 7u);
    EXPECT_FALSE(read->generic.subject.empty());
    EXPECT_FALSE(read->escalation.subject.empty());
  }
}

TEST(MailTemplates, BothLanguagesHaveTheSameParts) {
  const auto fr = built_in_mail_templates("fr"), en = built_in_mail_templates("en");
  ASSERT_TRUE(fr && en);
  const auto keys = [](const auto& map) {
    std::vector<std::string> names;
    for (const auto& entry : map) names.push_back(entry.first);
    return names;
  };
  EXPECT_EQ(keys(fr->words), keys(en->words));
  EXPECT_EQ(keys(fr->blocks), keys(en->blocks));
  EXPECT_EQ(keys(fr->rules), keys(en->rules));
  for (const auto& [id, rule] : fr->rules) {
    EXPECT_EQ(rule.details, en->rules.at(id).details) << id;
    EXPECT_EQ(rule.todo.size(), en->rules.at(id).todo.size()) << id;
  }
}

TEST(MailTemplates, AMistakeIsRefusedWithItsLine) {
  const auto refused = [](std::string_view text) {
    const auto read = parse_mail_templates(text, "x.toml");
    EXPECT_FALSE(read) << text;
    return read ? std::string() : read.error().message();
  };
  EXPECT_THAT(refused("\nlangage = 'fr'"), HasSubstr("x.toml:2: unknown key langage"));
  EXPECT_THAT(refused("[rules.A]\nsubjet = 'x'"), HasSubstr("x.toml:2: unknown key rules.A.subjet"));
  EXPECT_THAT(refused("[blocks.a]\nrows = [['one']]"), HasSubstr("each element of blocks.a.rows must be [label, text]"));
  EXPECT_THAT(refused("[rules.A]\ntodo = 'x'"), HasSubstr("rules.A.todo must be a list"));
}

}  // namespace
