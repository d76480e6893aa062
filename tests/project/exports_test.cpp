// Cells of exports, as spreadsheets read them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "projections/project/exports.hpp"

namespace plo::projections {
namespace {

std::string cell(std::string_view text) {
  std::string line;
  append_csv_text(line, text);
  return line;
}

TEST(csv_test, cells_are_quoted_and_are_no_formulas) {
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
