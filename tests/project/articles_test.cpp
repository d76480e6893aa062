// Stock and replacements by article, whatever line they stand on.
#include "tests/project/given.hpp"

namespace plo {
namespace {

using namespace spec;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

event order_of(std::string_view lines, std::string_view when = "06-01") {
  return said("order.confirmed", when, R"({"order_ref":"O1","lines":)" + std::string(lines) + "}");
}
event stock(std::string_view what, std::string_view when, std::string_view more = "") {
  return said("stock." + std::string(what), when, R"({"order_ref":"O1")" + std::string(more.empty() ? "" : ",") + std::string(more) + "}");
}
event replaced(std::string_view sku, std::string_view by, std::string_view when, bool validated) {
  return said("order.line_replaced", when, R"({"order_ref":"O1","sku":")" + std::string(sku) + R"(","replacement_sku":")" + std::string(by) + R"(","customer_validated":)" + (validated ? "true" : "false") + "}");
}
std::vector<std::string> shown(const project& p) {
  std::vector<std::string> all;
  for (const auto& line : p.of("O1").lines) all.emplace_back(to_string(line.stock.value.value_or(stock_status::unknown)));
  return all;
}

constexpr std::string_view tiles = R"([{"line_id":"10","sku":"TILE","qty":30},{"line_id":"20","sku":"TILE","qty":30},{"sku":"TAP","qty":1}])";

TEST(domain_articles, what_is_there_is_given_to_the_lines_in_their_order) {
  auto p = given({order_of(tiles), stock("partial", "06-02", R"("lines":[{"sku":"TILE","available_qty":30}])")});
  EXPECT_THAT(shown(p), ElementsAre("available", "backordered", ""));
  EXPECT_THAT(p.of("O1").articles_short, ElementsAre("TILE"));
  EXPECT_EQ(p.status_of(step_type::stock_check, "O1"), step_status::anomaly);
  p.when(stock("partial", "06-03", R"("lines":[{"sku":"TILE","available_qty":60}])"));
  EXPECT_THAT(shown(p), ElementsAre("available", "available", ""));
  EXPECT_THAT(p.of("O1").articles_short, IsEmpty());
  EXPECT_EQ(p.status_of(step_type::stock_check, "O1"), step_status::completed);
  p.when(stock("partial", "06-04", R"("lines":[{"sku":"TILE","available_qty":0}])"));
  EXPECT_THAT(shown(p), ElementsAre("shortage", "shortage", ""));
}

TEST(domain_articles, good_news_about_one_article_says_nothing_about_another) {
  auto p = given({order_of(tiles), stock("shortage", "06-02", R"("skus":["TAP"])"), stock("check_ok", "06-03", R"("skus":["TILE"])")});
  EXPECT_THAT(p.of("O1").articles_short, ElementsAre("TAP"));
  EXPECT_EQ(p.status_of(step_type::stock_check, "O1"), step_status::anomaly);
  p.when(stock("check_ok", "06-04"));
  EXPECT_THAT(p.of("O1").articles_short, IsEmpty()) << "without names it is about the whole order";
  p.when(stock("shortage", "06-05"));
  EXPECT_THAT(p.of("O1").articles_short, ElementsAre("TAP", "TILE"));
  p.when(stock("check_ok", "06-06", R"("skus":["TAP"])"));
  EXPECT_THAT(p.of("O1").articles_short, ElementsAre("TILE"));
}

TEST(domain_articles, an_article_that_no_line_names_is_short_until_somebody_says_otherwise) {
  auto p = given({order_of(tiles), stock("shortage", "06-02", R"("skus":["SINK"])")});
  EXPECT_THAT(p.of("O1").articles_short, ElementsAre("SINK"));
  auto q = p;
  p.when(stock("check_ok", "06-03", R"("skus":["SINK"])"));
  EXPECT_THAT(p.of("O1").articles_short, IsEmpty());
  q.when(stock("check_ok", "06-03"));
  EXPECT_THAT(q.of("O1").articles_short, IsEmpty());
}

TEST(domain_articles, an_order_without_lines_may_be_short_as_a_whole) {
  auto p = given({confirmed("O2"), said("order.confirmed", "06-01", R"({"order_ref":"O1"})"), stock("shortage", "06-02")});
  EXPECT_EQ(p.status_of(step_type::stock_check, "O1"), step_status::anomaly);
  p.when(stock("check_ok", "06-02"));
  EXPECT_EQ(p.status_of(step_type::stock_check, "O1"), step_status::completed) << "in the same second, but later";
}

TEST(domain_articles, replacements_form_chains) {
  auto p = given({order_of(tiles), replaced("TAP", "TAP-2", "06-02", false)});
  EXPECT_THAT(p.of("O1").articles_unvalidated, ElementsAre("TAP-2"));
  p.when(replaced("TAP-2", "TAP-3", "06-03", true));
  EXPECT_THAT(p.of("O1").articles_unvalidated, IsEmpty()) << "what the line now is has been agreed to";
  EXPECT_EQ(p.of("O1").lines[2].replaced_by, "TAP-3");
  p.when(replaced("TAP-3", "TAP-4", "06-04", false));
  EXPECT_THAT(p.of("O1").articles_unvalidated, ElementsAre("TAP-4"));
  p.when(replaced("TAP-4", "TAP", "06-05", true));
  EXPECT_EQ(p.of("O1").lines[2].replaced_by, "TAP") << "back where it was: the newest stands";
  EXPECT_THAT(p.of("O1").articles_unvalidated, IsEmpty());
}

TEST(domain_articles, stock_is_that_of_the_article_that_the_line_now_is) {
  auto p = given({order_of(tiles), stock("shortage", "06-02", R"("skus":["TAP"])"), replaced("TAP", "TAP-2", "06-03", true)});
  EXPECT_THAT(p.of("O1").articles_short, ElementsAre("TAP-2")) << "nobody has said that the new one is there";
  p.when(stock("check_ok", "06-04", R"("skus":["TAP-2"])"));
  EXPECT_THAT(p.of("O1").articles_short, IsEmpty());
  p.when(stock("shortage", "06-05", R"("skus":["TAP"])"));
  EXPECT_THAT(p.of("O1").articles_short, IsEmpty()) << "no line is that any more";
}

TEST(domain_articles, a_line_added_in_the_same_second_is_there) {
  auto p = given({order_of(R"([{"sku":"BASE","qty":4}])"), said("order.line_added", "06-01", R"({"order_ref":"O1","sku":"SINK","qty":1})")});
  EXPECT_EQ(p.of("O1").lines.size(), 2u);
  auto q = given({said("order.line_added", "06-01", R"({"order_ref":"O1","sku":"SINK","qty":1})"), order_of(R"([{"sku":"BASE","qty":4}])")});
  EXPECT_EQ(q.of("O1").lines.size(), 1u) << "the confirmation came later and is the whole order";
}

}  // namespace
}  // namespace plo
