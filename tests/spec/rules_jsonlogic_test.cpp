#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/spec/rules_run.hpp"

namespace plo::rules {
namespace {

/// The public suite: [rule, data, result] each, with titles between them.
TEST(rules_jsonlogic, passes_the_public_suite) {
  std::ifstream file(PLO_JSONLOGIC_SUITE, std::ios::binary);
  const auto suite = json_document::parse(std::string(std::istreambuf_iterator<char>(file), {})).value();
  int cases = 0;
  for (const auto entry : suite.root().get_array().value()) {
    simdjson::dom::array parts;
    if (entry.get_array().get(parts)) continue;
    const std::string rule = simdjson::minify(parts.at(0).value());
    const std::string facts = simdjson::minify(parts.at(1).value());
    const std::string expected = simdjson::minify(parts.at(2).value());
    const std::string given = run(rule, facts);
    EXPECT_TRUE(same_json(given, expected)) << "case " << cases << ": " << rule << " of " << facts << " gave " << given << " instead of " << expected;
    ++cases;
  }
  EXPECT_EQ(cases, 275);
}

}  // namespace
}  // namespace plo::rules
