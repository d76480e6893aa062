#include "base/json.hpp"

#include <gtest/gtest.h>

#include "base/json_scan.hpp"

namespace plo {
namespace {

using kind = json_error::kind;

std::optional<kind> refusal(std::string_view text) {
  auto parsed = json_document::parse(text, max_json_depth);
  if (parsed) return std::nullopt;
  return parsed.error().what;
}

std::string nested(std::size_t depth, std::string_view inside = "") {
  return std::string(depth, '[') + std::string(inside) + std::string(depth, ']');
}

class not_json : public testing::TestWithParam<std::string> {};
TEST_P(not_json, is_refused_as_such) {
  EXPECT_EQ(refusal(GetParam()), kind::not_json);
}
INSTANTIATE_TEST_SUITE_P(domain_json, not_json,
                         testing::Values("", " ", "{", "}", "{]", "[1,]", "{\"a\":1,}", "{a:1}", "'a'", "01", "-", "1.", "1e", ".5", "+1",
                                         "nul", "truefalse", "{} {}", "\"\\x\"", "\"\\u12\"", "\"", "\"\n\"", "\xff", "\"\xc3\x28\"",
                                         "\"\xed\xa0\x80\"", "\xef\xbb\xbf{}", std::string("{}\0", 3), std::string("\"\0\"", 3),
                                         "{\"a\":1e999", "[1e999,]", "[\"\\ud800\",]", "{\"a\" 1}", "{1:2}", "[1 2]", "NaN",
                                         std::string(100'000, '['), std::string(100'000, '{'), "18446744073709551616 x"));

TEST(domain_json, takes_64_levels_and_refuses_65) {
  EXPECT_EQ(refusal(nested(64)), std::nullopt);
  EXPECT_EQ(refusal(nested(64, "1")), std::nullopt);
  EXPECT_EQ(refusal(nested(65)), kind::too_deep);
  EXPECT_EQ(refusal(nested(200'000)), kind::too_deep);
}

TEST(domain_json, keeps_the_depth_limit_in_a_parser_that_grew) {
  EXPECT_EQ(refusal('"' + std::string(100'000, 'a') + '"'), std::nullopt);
  EXPECT_EQ(refusal(nested(65)), kind::too_deep);
}

TEST(domain_json, refuses_numbers_beyond_a_double) {
  for (const auto* text : {"1e999", "[-1e309]", "{\"a\":123456789e400}"}) EXPECT_EQ(refusal(text), kind::number_overflow) << text;
  EXPECT_EQ(refusal(std::string(400, '9')), kind::number_overflow);
  EXPECT_EQ(refusal("1e-999"), std::nullopt);
  EXPECT_EQ(refusal("1.7976931348623157e308"), std::nullopt);
}

TEST(domain_json, refuses_half_surrogate_pairs) {
  for (const auto* text : {R"("\ud800")", R"("\udc00")", R"("\ud800\ud800")", R"({"a\udfff":1})", R"("\ud800x")", R"("\ud83d\u0041")"}) {
    EXPECT_EQ(refusal(text), kind::lone_surrogate) << text;
  }
  EXPECT_EQ(refusal(R"("\ud83d\ude00")"), std::nullopt);
}

TEST(domain_json, reads_integers_over_64_bits_as_doubles) {
  const auto parsed = json_document::parse(R"({"a": 123456789012345678901234567890, "b": -9223372036854775809, "c": 18446744073709551615})");
  ASSERT_TRUE(parsed);
  EXPECT_DOUBLE_EQ(json::get_number(parsed->root(), "a").value(), 1.2345678901234568e29);
  EXPECT_DOUBLE_EQ(json::get_number(parsed->root(), "b").value(), -9.223372036854775809e18);
  EXPECT_DOUBLE_EQ(json::get_number(parsed->root(), "c").value(), 1.8446744073709552e19);
}

TEST(domain_json, names_what_is_wrong) {
  const auto parsed = json_document::parse("{\"a\":}");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().detail, "not JSON: expected a value (byte 5)");
}

TEST(domain_json, access_never_throws) {
  const auto parsed = json_document::parse(R"({"s":"x","n":1.5,"i":2,"t":true,"z":null,"o":{}})");
  const auto root = parsed->root();
  EXPECT_EQ(json::get_string(root, "s"), "x");
  EXPECT_EQ(json::get_number(root, "n"), 1.5);
  EXPECT_EQ(json::get_number(root, "i"), 2.0);
  EXPECT_EQ(json::get_bool(root, "t"), true);
  EXPECT_FALSE(json::get(root, "z"));
  EXPECT_FALSE(json::get(root, "none"));
  EXPECT_FALSE(json::get_string(root, "n"));
  EXPECT_FALSE(json::get_number(root, "s"));
  EXPECT_FALSE(json::get_bool(root, "o"));
  EXPECT_FALSE(json::get(*json::get(root, "s"), "x"));
}

TEST(domain_json, documents_outlive_each_other_in_any_order) {
  auto a = json_document::parse(R"(["a"])");
  auto b = json_document::parse(R"(["b"])");
  json_document c = std::move(*a);
  a = json_document::parse(R"(["d"])");
  EXPECT_EQ(c.root().at(0).get_string().value_unsafe(), "a");
  EXPECT_EQ(b->root().at(0).get_string().value_unsafe(), "b");
}

TEST(domain_json, minifies_without_touching_values) {
  EXPECT_EQ(minify_json(" { \"a b\" : [ 1.50 , 1E+2 , \"\\u00e9 \\\" x\" ] }\n"), "{\"a b\":[1.50,1E+2,\"\\u00e9 \\\" x\"]}");
  EXPECT_EQ(minify_json(""), "");
  const std::string large = "[" + std::string(1000, ' ') + "\"" + std::string(1000, ' ') + "\"" + std::string(1000, ' ') + "]";
  EXPECT_EQ(minify_json(large), "[\"" + std::string(1000, ' ') + "\"]");
}

TEST(domain_json, gives_the_text_of_a_member) {
  const std::string_view object = R"({"a":[1,{"b":2}],"c":"x,}\":","d":{},"e":1.0})";
  EXPECT_EQ(raw_member(object, 0), R"([1,{"b":2}])");
  EXPECT_EQ(raw_member(object, 1), R"("x,}\":")");
  EXPECT_EQ(raw_member(object, 2), "{}");
  EXPECT_EQ(raw_member(object, 3), "1.0");
  EXPECT_EQ(raw_member(object, 4), "");
  EXPECT_EQ(raw_member("{}", 0), "");
}

TEST(domain_json, same_means_the_same_value) {
  EXPECT_TRUE(same_json(R"({"a":1,"b":[true,null]})", R"( {"b": [true, null], "a": 1} )"));
  EXPECT_TRUE(same_json("[1.0]", "[1]"));
  EXPECT_TRUE(same_json(R"("\u00e9")", "\"\xc3\xa9\""));
  EXPECT_TRUE(same_json("{\"a\":{\"x\":1,\"y\":2}}", "{\"a\":{\"y\":2,\"x\":1}}"));
  EXPECT_FALSE(same_json("[1,2]", "[2,1]"));
  EXPECT_FALSE(same_json("[1,2]", "[1]"));
  EXPECT_FALSE(same_json("[1]", "[1,2]"));
  EXPECT_FALSE(same_json(R"({"a":1})", R"({"a":"1"})"));
  EXPECT_FALSE(same_json(R"({"a":1})", R"({"a":1,"b":1})"));
  EXPECT_FALSE(same_json(R"({"a":null})", R"({"b":null})"));
  EXPECT_FALSE(same_json("[true]", "[false]"));
  EXPECT_FALSE(same_json("[9223372036854775807]", "[9223372036854775806]"));
  EXPECT_FALSE(same_json("[18446744073709551615]", "[-1]"));
  EXPECT_FALSE(same_json("[", "["));
}

TEST(domain_json, same_compares_big_integers_by_every_digit) {
  EXPECT_TRUE(same_json("[123456789012345678901234567890]", "[ 123456789012345678901234567890 ]"));
  EXPECT_FALSE(same_json("[123456789012345678901234567890]", "[123456789012345678901234567891]"));
}

TEST(domain_json, scan_notes_everything) {
  const json_scan scan = scan_json(R"([1e999,"\ud800",[[18446744073709551616,-9223372036854775809,9223372036854775808]]])");
  EXPECT_TRUE(scan.valid);
  EXPECT_EQ(scan.depth, 3u);
  EXPECT_TRUE(scan.number_overflow);
  EXPECT_TRUE(scan.lone_surrogate);
  EXPECT_EQ(scan.big_integers.size(), 2u);
}

TEST(domain_json, writer_writes) {
  json_writer w;
  w.begin_object()
      .field("s", "a\"\n\x01")
      .field("i", std::int64_t{-5})
      .field("u", std::uint64_t{18446744073709551615u})
      .field("whole", 3.0)
      .field("half", 0.5)
      .field("infinite", 1e308 * 10)
      .field("t", true)
      .field("at", *parse_instant("2025-06-15T14:32:00Z"))
      .field("day", *parse_day("2025-06-15"))
      .field("none", std::optional<bool>{})
      .field_raw("raw", "[1.50]")
      .field_or_null("empty", "")
      .field_strings("texts", std::vector<std::string>{"x", "y"})
      .field("id", uuid{})
      .end_object();
  EXPECT_EQ(w.view(),
            R"({"s":"a\"\n\u0001","i":-5,"u":18446744073709551615,"whole":3,"half":0.5,"infinite":null,"t":true,)"
            R"("at":"2025-06-15T14:32:00.000Z","day":"2025-06-15","none":null,"raw":[1.50],"empty":null,"texts":["x","y"],)"
            R"("id":"00000000-0000-0000-0000-000000000000"})");
}

}  // namespace
}  // namespace plo
