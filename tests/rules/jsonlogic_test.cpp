#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/rules/run.hpp"

namespace plo::rules {
namespace {

/// The public suite: [rule, data, result] each, with titles between them.
TEST(rules_jsonlogic, passes_the_public_suite) {
  std::ifstream file(PLO_JSONLOGIC_SUITE, std::ios::binary);
  const auto suite = json_document::parse(std::string(std::istreambuf_iterator<char>(file), {})).value();
  const simdjson::dom::array entries = suite.root().get_array().value();
  int cases = 0;
  for (const auto entry : entries) {
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

struct result_of {
  const char* rule;
  const char* expected;
  const char* facts = "null";
};

/// Each line is what json-logic-js 2.0 gives, unless it says otherwise.
void expect_all(std::initializer_list<result_of> cases) {
  for (const auto& c : cases) EXPECT_EQ(run(c.rule, c.facts), c.expected) << c.rule << " of " << c.facts;
}

TEST(rules_jsonlogic, reads_numbers_from_texts_as_javascript_does) {
  expect_all({
      {R"({"-":["",1]})", "-1"}, {R"({"-":[" 3 ",1]})", "2"}, {R"({"-":["\t-5\n"]})", "5"}, {R"({"-":["0x10",0]})", "16"},
      {R"({"-":["0b101",0]})", "5"}, {R"({"-":["0o17",0]})", "15"}, {R"({"-":["1e3",0]})", "1000"}, {R"({"-":[".5",0]})", "0.5"},
      {R"({"-":["5.",0]})", "5"}, {R"({"-":["+7",0]})", "7"}, {R"({"-":["12abc",0]})", "null"}, {R"({"-":["-0x10",0]})", "null"},
      {R"({"-":["e5",0]})", "null"}, {R"({"-":["0x",0]})", "null"}, {R"({"-":["inf",0]})", "null"}, {R"({"-":["nan",0]})", "null"},
      {R"({">":["Infinity",1e308]})", "true"}, {R"({"<":["-Infinity",-1e308]})", "true"}, {R"({">":["1e400",1e308]})", "true"},
      {R"({"==":["1e-400",0]})", "true"}, {R"({"-":[null,1]})", "-1"}, {R"({"-":[true,false]})", "1"}, {R"({"-":[["7"],1]})", "6"},
      {R"({"-":[[],1]})", "-1"}, {R"({"-":[[1,2],1]})", "null"}, {R"({"-":[{},1]})", "null"},
      // + and * take the number at the front, and nothing else for one.
      {R"({"+":["12abc"]})", "12"}, {R"({"+":["1e3x",".5."]})", "1000.5"}, {R"({"+":[""]})", "null"}, {R"({"+":[null]})", "null"},
      {R"({"+":[true]})", "null"}, {R"({"+":[["3",4]]})", "3"}, {R"({"+":["1e+"]})", "1"}, {R"({"*":["3x",2]})", "6"}, {R"({"*":["3x"]})", "\"3x\""},
      {R"({"+":[]})", "0"},
  });
}

TEST(rules_jsonlogic, writes_numbers_as_javascript_does) {
  expect_all({
      {R"({"cat":[1.0]})", "\"1\""}, {R"({"cat":[0.1]})", "\"0.1\""}, {R"({"cat":[-2.5]})", "\"-2.5\""}, {R"({"cat":[-0.0]})", "\"0\""},
      {R"({"cat":[1e21]})", "\"1e+21\""}, {R"({"cat":[123456789012345680000]})", "\"123456789012345680000\""},
      {R"({"cat":[1e-6]})", "\"0.000001\""}, {R"({"cat":[1e-7]})", "\"1e-7\""}, {R"({"cat":[1.25e-9]})", "\"1.25e-9\""},
      {R"({"cat":[1.5e300]})", "\"1.5e+300\""}, {R"({"cat":[12345.678]})", "\"12345.678\""}, {R"({"cat":[{"/":[1,0]}]})", "\"Infinity\""},
      {R"({"cat":[{"/":[-1,0]}]})", "\"-Infinity\""}, {R"({"cat":[{"/":[0,0]}]})", "\"NaN\""}, {R"({"/":[1,0]})", "null"},
  });
}

TEST(rules_jsonlogic, compares_as_javascript_does) {
  expect_all({
      {R"({"==":[null,0]})", "false"}, {R"({"==":[null,""]})", "false"}, {R"({"==":[null,false]})", "false"}, {R"({"==":[null,null]})", "true"},
      {R"({"==":[0,""]})", "true"}, {R"({"==":[0,"0"]})", "true"}, {R"({"==":["","0"]})", "false"}, {R"({"==":[true,"1"]})", "true"},
      {R"({"==":[true,"true"]})", "false"}, {R"({"==":[false,[]]})", "true"}, {R"({"==":[1,[1]]})", "true"}, {R"({"==":["1,2",[1,2]]})", "true"},
      {R"({"==":["[object Object]",{}]})", "true"}, {R"({"==":[",1",[null,1]]})", "true"}, {R"({"===":[null,{"var":"x"}]})", "true"},
      {R"({"<":[null,1]})", "true"}, {R"({"<=":[null,0]})", "true"}, {R"({"<":["10","9"]})", "true"}, {R"({"<":["10",9]})", "false"},
      {R"({"<":["a",1]})", "false"}, {R"({">":["a",1]})", "false"}, {R"({"<":["a","b"]})", "true"}, {R"({"<":[[1,5],[1,6]]})", "true"},
      {R"({"<":[]})", "false"}, {R"({">=":[0]})", "false"}, {R"({"<":[{"var":"x"},1,2]})", "true"},
      {R"({"!=":[{"/":[0,0]},{"/":[0,0]}]})", "true"},
      // Not as in JavaScript, where two lists are equal only when they are the same one …
      {R"({"==":[[1,"a"],[1,"a"]]})", "true"}, {R"({"===":[{"var":"a"},{"var":"b"}]})", "true", R"({"a":{"x":1,"y":[2]},"b":{"y":[2],"x":1}})"},
      {R"({"===":[[1],["1"]]})", "false"}, {R"({"===":[{"var":"a"},{"var":"b"}]})", "false", R"({"a":{"x":1},"b":{"x":1,"y":1}})"},
      // … and where > and >= leave out a third operand.
      {R"({">":[3,2,1]})", "true"}, {R"({">":[3,2,2]})", "false"}, {R"({">=":[3,2,2]})", "true"},
  });
}

TEST(rules_jsonlogic, looks_facts_up) {
  const auto* facts = R"({"a":{"b":[{"c":5},7]},"n":null,"e":"","1":"one","x":{"":{"y":3}}})";
  expect_all({
      {R"({"var":"a.b.0.c"})", "5", facts}, {R"({"var":"a.b.1"})", "7", facts}, {R"({"var":"a.b.2"})", "null", facts}, {R"({"var":"a.b.01"})", "null", facts},
      {R"({"var":"a.b.-1"})", "null", facts}, {R"({"var":"a.b.c"})", "null", facts}, {R"({"var":"e.x"})", "null", facts}, {R"({"var":1})", "\"one\"", facts},
      {R"({"var":"x..y"})", "3", facts}, {R"({"var":"a.b.99999999999999999999"})", "null", facts}, {R"({"var":["q",{"var":"a.b.1"}]})", "7", facts},
      {R"({"var":{"cat":["a.b.",1]}})", "7", facts}, {R"({"var":[{"var":"q"}]})", facts, facts},
      // There is no undefined here: a null is missing too.
      {R"({"var":["n",4]})", "4", facts},
      {R"({"missing":["a","n","e","q.r"]})", R"(["n","e","q.r"])", facts}, {R"({"missing":[["a","q"],"r"]})", R"(["q"])", facts},
      {R"({"missing":[{"cat":"q"},{"var":"1"}]})", R"(["q","one"])", facts}, {R"({"missing":[1,2]})", "[2]", facts}, {R"({"missing":[]})", "[]", facts},
      {R"({"missing_some":[2,["a","q","r"]]})", R"(["q","r"])", facts}, {R"({"missing_some":[{"+":[0,1]},["a","q"]]})", "[]", facts},
      {R"({"missing_some":[1,{"merge":["q",{"var":"1"}]}]})", R"(["q","one"])", facts}, {R"({"missing_some":[1,"q"]})", R"(["q"])", facts},
      {R"({"missing_some":[1]})", "[]", facts},
  });
}

TEST(rules_jsonlogic, iterates) {
  const auto* facts = R"({"l":[1,2,3],"o":[{"n":1,"k":["a","b"]},{"n":2,"k":[]}],"k":9})";
  expect_all({
      {R"({"map":[{"var":"o"},{"map":[{"var":"k"},{"cat":[{"var":""},"!"]}]}]})", R"([["a!","b!"],[]])", facts},
      {R"({"map":[{"var":"l"},{"var":"k"}]})", "[null,null,null]", facts}, {R"({"map":[{"var":"l"},[{"var":""},0]]})", "[[1,0],[2,0],[3,0]]", facts},
      {R"({"reduce":[{"var":"l"},{"var":""},0]})", R"({"current":3,"accumulator":{"current":2,"accumulator":{"current":1,"accumulator":0}}})", facts},
      {R"({"reduce":[{"var":"o"},{"+":[{"var":"accumulator"},{"var":"current.n"}]},{"var":"k"}]})", "12", facts},
      {R"({"reduce":[{"var":"l"},{"var":"other"},0]})", "null", facts}, {R"({"reduce":[{"var":"q"},1,{"var":"k"}]})", "9", facts},
      {R"({"filter":[{"var":"o"},{"missing":["q"]}]})", R"([{"n":1,"k":["a","b"]},{"n":2,"k":[]}])", facts},
      {R"({"filter":[{"var":"k"},true]})", "[]", facts}, {R"({"all":[{"var":"k"},true]})", "false", facts}, {R"({"none":["abc",true]})", "true", facts},
      {R"({"some":[{"var":"l"}]})", "false", facts}, {R"({"map":[]})", "[]", facts},
      {R"({"some":[{"var":"o"},{"in":["b",{"var":"k"}]}]})", "true", facts},
  });
}

TEST(rules_jsonlogic, handles_texts) {
  expect_all({
      // Characters are whole ones, not halves of UTF-16 pairs.
      {R"({"substr":["h\u00e9llo \ud83d\ude00!",1,2]})", "\"\xc3\xa9l\""}, {R"({"substr":["h\u00e9llo \ud83d\ude00!",-2]})", "\"\xf0\x9f\x98\x80!\""},
      {R"({"substr":["h\u00e9llo",0,-3]})", "\"h\xc3\xa9\""}, {R"({"substr":["abc",9]})", "\"\""}, {R"({"substr":["abc",-9,2]})", "\"ab\""},
      {R"({"substr":["abc",1,-9]})", "\"\""}, {R"({"substr":["abc","1","1"]})", "\"b\""}, {R"({"substr":[1234,1,2]})", "\"23\""}, {R"({"substr":["abc"]})", "\"abc\""},
      {R"({"substr":["abc",{"/":[1,0]}]})", "\"\""}, {R"({"substr":["abc",{"/":[0,0]},2.9]})", "\"ab\""},
      {R"({"cat":[]})", "\"\""}, {R"({"cat":[null,true,[1,[2,null]],{}]})", R"("true1,2,[object Object]")"},
      {R"({"in":[1,"a1"]})", "true"}, {R"({"in":["",""]})", "false"}, {R"({"in":["","a"]})", "true"}, {R"({"in":["1",[1]]})", "false"},
      {R"({"in":["a",null]})", "false"}, {R"({"in":["a",{"a":1,"b":2}]})", "false"}, {R"({"in":["a"]})", "false"}, {R"({"in":[{"var":"x"},[null]]})", "true"},
      {R"({"log":"x"})", "\"x\""}, {R"({"merge":[[1,[2]],{"a":1,"b":2},"c"]})", R"([1,[2],{"a":1,"b":2},"c"])"},
      {R"({"min":[]})", "null"}, {R"({"max":["5",true,null]})", "5"}, {R"({"max":[1,"x"]})", "null"}, {R"({"%":[-7,3]})", "-1"}, {R"({"%":[7,0]})", "null"},
  });
}

TEST(rules_jsonlogic, passes_literals_through) {
  expect_all({
      {R"({})", "{}"}, {R"({"and":1,"or":2})", R"({"and":1,"or":2})"}, {R"([{"a":1,"b":{"foo":[]}},[null]])", R"([{"a":1,"b":{"foo":[]}},[null]])"},
      {R"([1,{"+":[1,1]},[{"var":"a"}]])", "[1,2,[3]]", R"({"a":3})"},
  });
}

TEST(rules_jsonlogic, keeps_its_texts_after_the_definition_is_gone) {
  std::optional<expression> kept;
  {
    std::string text = R"({"cat":["some longer text ", {"var":"some.longer.path"}, {"if":[{"missing":["another.long.path"]}, " is missing"]}]})";
    const auto parsed = json_document::parse(text).value();
    kept = expression::compile(parsed.root(), {}).value();
    std::fill(text.begin(), text.end(), 'x');
  }
  std::ignore = json_document::parse(R"({"another":["text","in","the","same","buffer","of","the","parser's","pool","which","is","longer"]})").value();
  std::pmr::monotonic_buffer_resource memory;
  EXPECT_EQ(to_json(kept->evaluate({value_facts(value()), memory, zone::utc()})), R"("some longer text  is missing")");
}

// --- Limits ---

std::string numbers(int count) {
  std::string list = "[0";
  for (int i = 1; i < count; ++i) list += "," + std::to_string(i);
  return list + "]";
}

TEST(rules_jsonlogic, ends_a_run_that_takes_too_long) {
  const std::string facts = R"({"l":)" + numbers(1'000) + "}";
  const std::string in_map = R"({"map":[{"var":"l"},{"reduce":[[1,2,3,4,5,6,7,8,9,10],{"+":[{"var":"accumulator"},{"var":"current"}]},0]}]})";
  EXPECT_NE(run(in_map, facts), "null");
  const std::string too_much = R"({"map":[{"var":"l"},{"map":[)" + numbers(1'000) + R"(,true]}]})";
  EXPECT_EQ(run(too_much, facts), "null");
  // Whatever asks for its value gets nothing either.
  EXPECT_EQ(run(R"({"!":)" + too_much + "}", facts), "null");
}

TEST(rules_jsonlogic, ends_a_run_that_takes_too_much_memory) {
  const std::string facts = R"({"l":)" + numbers(1'000) + "}";
  EXPECT_EQ(run(R"({"reduce":[{"var":"l"},{"cat":[{"var":"accumulator"},{"var":"accumulator"}]},"xxxxxxxx"]})", facts), "null");
  EXPECT_EQ(run(R"({"reduce":[{"var":"l"},{"merge":[{"var":"accumulator"},{"var":"accumulator"}]},[1]]})", facts), "null");
}

TEST(rules_jsonlogic, ends_a_search_that_takes_too_long) {
  const std::string text(200'000, 'a');
  EXPECT_EQ(run(R"({"in":[{"var":"part"},{"var":"all"}]})", R"({"part":")" + std::string(100'000, 'a') + R"(b","all":")" + text + "\"}"), "null");
  EXPECT_EQ(run(R"({"in":["a longer part",{"var":"all"}]})", R"({"all":")" + text + "\"}"), "false");
}

TEST(rules_jsonlogic, survives_lists_nested_deeper_than_the_stack) {
  const std::string facts = R"({"l":)" + numbers(20'000) + "}";
  const std::string nested = R"({"reduce":[{"var":"l"},[{"var":"accumulator"}],0]})";
  const std::string written = run(nested, facts);
  EXPECT_EQ(written, std::string(64, '[') + "null" + std::string(64, ']'));
  EXPECT_TRUE(json_document::parse(written));
  EXPECT_EQ(run(R"({"cat":[)" + nested + "]}", facts), "\"\"");
  EXPECT_EQ(run(R"({"==":[)" + nested + "," + nested + "]}", facts), "false");
}

}  // namespace
}  // namespace plo::rules
