#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/rules/run.hpp"

namespace plo::rules {

void PrintTo(const definition_error& e, std::ostream* to) {
  *to << e.pointer << ": " << e.message;
}

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> pointers(std::string_view rule, std::vector<std::string_view> roots = {}) {
  std::vector<std::string> all;
  for (const auto& e : errors_of(rule, std::move(roots))) all.push_back(e.pointer);
  return all;
}

TEST(rules_compile, names_unknown_operators_and_where_they_are) {
  EXPECT_THAT(errors_of(R"({"foo":1})"), ElementsAre(definition_error{"/foo", "unknown operator 'foo'"}));
  EXPECT_THAT(errors_of(R"({"and":[{"foo":[]},true]})"), ElementsAre(definition_error{"/and/0/foo", "unknown operator 'foo'"}));
  EXPECT_THAT(pointers(R"({"!":{"foo":1}})"), ElementsAre("/!/foo"));
  EXPECT_THAT(pointers(R"([1,[{"":1}]])"), ElementsAre("/1/0/"));
  EXPECT_THAT(pointers(R"({"if":[{"a/b~c":1}]})"), ElementsAre("/if/0/a~1b~0c"));
  EXPECT_THAT(pointers(R"({"map":[{"var":"x"},{"Var":""}]})"), ElementsAre("/map/1/Var"));
}

TEST(rules_compile, finds_everything_that_is_wrong) {
  EXPECT_THAT(pointers(R"({"or":[{"foo":{"bar":[1]}},{"duration":"3 days"},{"var":"odrer.x"},{"time":[1,2]}]})", {"order"}),
              ElementsAre("/or/0/foo", "/or/0/foo/bar", "/or/1/duration", "/or/2/var", "/or/3/time"));
}

TEST(rules_compile, counts_the_operands_of_time_operators) {
  EXPECT_THAT(errors_of(R"({"time":[]})"), ElementsAre(definition_error{"/time", "1 operand is needed, 0 given"}));
  EXPECT_THAT(errors_of(R"({"date":[1,2]})"), ElementsAre(definition_error{"/date", "1 operand is needed, 2 given"}));
  EXPECT_THAT(errors_of(R"({"business_days":{"var":"x"}})"), ElementsAre(definition_error{"/business_days", "2 operands are needed, 1 given"}));
  EXPECT_THAT(pointers(R"({"duration":["PT1H","PT2H"]})"), ElementsAre("/duration"));
  EXPECT_THAT(pointers(R"({"business_days":[1,2,3]})"), ElementsAre("/business_days"));
}

TEST(rules_compile, reads_constant_durations) {
  EXPECT_THAT(errors_of(R"({"duration":"72h"})"), ElementsAre(definition_error{"/duration", "'72h' is not a duration such as PT72H or P3D"}));
  EXPECT_THAT(pointers(R"({"<":[1,{"duration":["P1M"]}]})"), ElementsAre("/</1/duration/0"));
  EXPECT_THAT(pointers(R"({"duration":{"cat":["PT","x"]}})"), ElementsAre("/duration"));
  EXPECT_THAT(pointers(R"({"duration":72})"), ElementsAre("/duration"));
  EXPECT_THAT(pointers(R"({"duration":null})"), ElementsAre("/duration"));
  EXPECT_THAT(pointers(R"({"duration":{"var":"params.within"}})"), IsEmpty());
}

TEST(rules_compile, knows_the_roots_of_facts) {
  const std::vector<std::string_view> roots{"order", "params"};
  EXPECT_THAT(errors_of(R"({"var":"odrer.status"})", roots), ElementsAre(definition_error{"/var", "unknown fact root 'odrer'"}));
  EXPECT_THAT(pointers(R"({"var":["x.y",{"var":"z"}]})", roots), ElementsAre("/var/1/var", "/var/0"));
  EXPECT_THAT(pointers(R"({"var":{"cat":["x",".y"]}})", roots), ElementsAre("/var"));
  EXPECT_THAT(pointers(R"({"var":0})", roots), ElementsAre("/var"));
  EXPECT_THAT(pointers(R"({"missing":"x"})", roots), ElementsAre("/missing"));
  EXPECT_THAT(pointers(R"({"missing":["order.a","x.b","params","y"]})", roots), ElementsAre("/missing/1", "/missing/3"));
  EXPECT_THAT(pointers(R"({"missing":[["order.a","x.b"]]})", roots), ElementsAre("/missing/0/1"));
  EXPECT_THAT(pointers(R"({"missing":{"merge":["order","x"]}})", roots), ElementsAre("/missing"));
  EXPECT_THAT(pointers(R"({"missing":[{"merge":["order","x"]}]})", roots), ElementsAre("/missing/0"));
  EXPECT_THAT(pointers(R"({"missing_some":[1,["x","order.a","y"]]})", roots), ElementsAre("/missing_some/1/0", "/missing_some/1/2"));
  EXPECT_THAT(pointers(R"({"missing_some":[{"var":"params.n"},"x"]})", roots), ElementsAre("/missing_some/1"));
  // What is only known when it runs, is everything, or is relative to an element.
  for (const auto* rule : {R"({"var":""})", R"({"var":[]})", R"({"var":null})", R"({"var":{"var":"order.key"}})", R"({"var":"order"})",
                           R"({"missing":{"merge":["x",{"var":"order.keys"}]}})", R"({"missing":["x",{"var":"order.key"}]})", R"({"missing":[]})",
                           R"({"map":[{"var":"order.lines"},{"var":"sku"}]})", R"({"filter":[{"var":"order.lines"},{"missing":["sku"]}]})",
                           R"({"all":[{"var":"order.lines"},{"map":[{"var":"parts"},{"var":"x"}]}]})",
                           R"({"some":[{"var":"order.lines"},{"reduce":[{"var":"parts"},{"var":"accumulator"},{"var":"x"}]}]})"}) {
    EXPECT_THAT(errors_of(rule, roots), IsEmpty()) << rule;
  }
  for (const auto* iteration : {"map", "filter", "reduce", "all", "some", "none"}) {
    const auto pointer = std::string("/") + iteration;
    EXPECT_THAT(pointers("{\"" + std::string(iteration) + R"(":[{"var":"x"},{"var":"y"},{"var":"z"}]})", roots), ElementsAre(pointer + "/0/var", pointer + "/2/var"));
  }
  EXPECT_THAT(errors_of(R"({"var":"anything.goes"})"), IsEmpty());
}

std::string nested(std::size_t operators) {
  std::string rule = "true";
  for (std::size_t i = 0; i < operators; ++i) rule = R"({"!":[)" + rule + "]}";
  return rule;
}

TEST(rules_compile, bounds_the_depth) {
  EXPECT_THAT(errors_of(nested(32)), IsEmpty());
  EXPECT_THAT(errors_of(R"({"and":[1,)" + nested(31) + "]}"), IsEmpty());
  std::string pointer;
  for (int i = 0; i < 32; ++i) pointer += "/!";
  std::string without_lists = "true";
  for (int i = 0; i < 33; ++i) without_lists = R"({"!":)" + without_lists + "}";
  EXPECT_THAT(errors_of(without_lists), ElementsAre(definition_error{pointer, "nested deeper than 32 operators"}));
}

std::string conjunction(std::size_t operands, std::string_view operand) {
  std::string rule = R"({"and":[)";
  for (std::size_t i = 0; i < operands; ++i) rule.append(i == 0 ? "" : ",").append(operand);
  return rule + "]}";
}

TEST(rules_compile, bounds_the_size) {
  EXPECT_THAT(errors_of(conjunction(1'999, "1")), IsEmpty());
  EXPECT_THAT(errors_of(conjunction(2'000, "1")), ElementsAre(definition_error{"/and", "more than 2000 operators and operands"}));
  EXPECT_THAT(errors_of(conjunction(999, R"({"var":"a"})")), IsEmpty());
  EXPECT_THAT(errors_of(conjunction(1'000, R"({"var":"a"})")), ElementsAre(definition_error{"/and/999/var", "more than 2000 operators and operands"}));
  EXPECT_EQ(errors_of(conjunction(100'000, R"({"var":"a"})")).size(), 1u);
  // A list of plain values is one value.
  std::string list = "[0";
  for (int i = 1; i < 10'000; ++i) list += "," + std::to_string(i);
  EXPECT_EQ(run(R"({"in":[9999,)" + list + "]]}"), "true");
}

TEST(rules_compile, keeps_the_definition_minified) {
  EXPECT_EQ(compiled(" { \"==\" : [ 1.50 , {\"var\": \"a\\u0041\\n\"} ] } ").definition(), R"({"==":[1.5,{"var":"aA\n"}]})");
}

TEST(rules_compile, computes_constants_once) {
  // Facts that must not be asked.
  class no_facts final : public fact_source {
    value get(fact_path, arena&) const override { throw std::logic_error("asked for a fact"); }
  };
  std::pmr::monotonic_buffer_resource memory(std::pmr::null_memory_resource());
  const evaluation with{no_facts(), memory, zone::utc()};
  for (const auto* rule : {R"({"cat":["a",{"*":[24,3600]}]})", R"({"in":["b",{"merge":[["a"],"b"]}]})", R"({"time":"2025-06-15T14:32:00Z"})",
                           R"({"and":[{"<":[{"duration":"PT1H"},{"duration":"PT2H"}]},{"==":["1",1]},[1,{"max":[1,2]}]]})"}) {
    const auto e = compiled(rule);
    EXPECT_TRUE(truthy(e.evaluate(with))) << rule << " took memory";
  }
}

// --- What a run reads ---

struct run_with_reads {
  std::pmr::monotonic_buffer_resource memory;
  json_document parsed;
  value_facts facts;
  std::pmr::vector<fact_read> reads;

  explicit run_with_reads(std::string_view text)
      : parsed(json_document::parse(text).value()), facts(from_json(parsed.root(), memory)) {}

  evaluation with() { return {facts, memory, zone::utc(), nullptr, &reads}; }
  static std::vector<std::string> texts(const std::pmr::vector<fact_read>& of) {
    std::vector<std::string> all;
    for (const auto& r : of) all.push_back(std::string(r.path) + "=" + to_json(r.read));
    return all;
  }
};

constexpr const char* facts_text = R"({"a":1,"b":{"c":"x","list":[{"n":1},{"n":2}]},"key":"b.c"})";

std::vector<std::string> reads_of(std::string_view rule) {
  run_with_reads run(facts_text);
  const auto e = compiled(rule);  // owns the paths' texts
  std::ignore = e.evaluate(run.with());
  return run_with_reads::texts(run.reads);
}

TEST(rules_reads, are_recorded_once_for_each_path) {
  EXPECT_THAT(reads_of(R"({"and":[{"var":"a"},{"var":"a"},{"==":[{"var":"b.c"},{"var":["b.c",1]}]},{"var":{"var":"key"}}]})"),
              ElementsAre("a=1", R"(b.c="x")", R"(key="b.c")"));
  EXPECT_THAT(reads_of(R"({"or":[{"missing":["a","q"]},1]})"), ElementsAre("a=1", "q=null"));
  EXPECT_THAT(reads_of(R"({"missing":[{"var":"key"},"a"]})"), ElementsAre(R"(key="b.c")", R"(b.c="x")", "a=1"));
  EXPECT_THAT(reads_of(R"({"missing_some":[1,["a","q","a"]]})"), ElementsAre("a=1", "q=null"));
  EXPECT_THAT(reads_of(R"({"!!":{"var":""}})"), ElementsAre(std::string("=") + facts_text));
}

TEST(rules_reads, leave_out_what_is_not_read) {
  EXPECT_THAT(reads_of(R"({"if":[{"var":"a"},1,{"var":"b"}]})"), ElementsAre("a=1"));
  EXPECT_THAT(reads_of(R"({"and":[{"var":"q"},{"var":"a"}]})"), ElementsAre("q=null"));
  EXPECT_THAT(reads_of(R"({"var":["a",{"var":"key"}]})"), ElementsAre("a=1"));
  EXPECT_THAT(reads_of(R"({"map":[{"var":"b.list"},{"var":"n"}]})"), ElementsAre(R"(b.list=[{"n":1},{"n":2}])"));
  EXPECT_THAT(reads_of(R"({"reduce":[{"var":"b.list"},{"+":[{"var":"accumulator"},{"var":"current.n"}]},{"var":"a"}]})"),
              ElementsAre(R"(b.list=[{"n":1},{"n":2}])", "a=1"));
}

// --- Why a rule holds ---

std::vector<std::string> explained(std::string_view rule) {
  run_with_reads run(facts_text);
  const auto e = compiled(rule);
  std::vector<std::string> lines;
  for (const auto& part : e.explain(run.with())) {
    std::string line = part.definition + " -> " + to_json(part.result);
    for (const auto& read : run_with_reads::texts(part.reads)) line += " " + read;
    lines.push_back(line);
  }
  EXPECT_THAT(run.reads, IsEmpty());
  return lines;
}

TEST(rules_explain, gives_the_parts_of_a_conjunction) {
  EXPECT_THAT(explained(R"({"and":[{"==":[{"var":"a"},2]},{"and":[{"var":"b.c"},{"and":{"!":[{"var":"a"}]}}]},{"or":[{"and":[1,{"var":"q"}]},0]},true]})"),
              ElementsAre(R"({"==":[{"var":"a"},2]} -> false a=1)", R"({"var":"b.c"} -> "x" b.c="x")", R"({"!":[{"var":"a"}]} -> false a=1)",
                          R"({"or":[{"and":[1,{"var":"q"}]},0]} -> 0 q=null)", "true -> true"));
}

TEST(rules_explain, gives_another_expression_as_one_part) {
  EXPECT_THAT(explained(R"({"or":[{"var":"q"},{"var":"a"}]})"), ElementsAre(R"({"or":[{"var":"q"},{"var":"a"}]} -> 1 q=null a=1)"));
  EXPECT_THAT(explained("true"), ElementsAre("true -> true"));
  EXPECT_THAT(explained(R"({"and":[]})"), ElementsAre(R"({"and":[]} -> null)"));
  EXPECT_THAT(explained(R"({"and":{"var":"a"}})"), ElementsAre(R"({"var":"a"} -> 1 a=1)"));
  EXPECT_THAT(explained(R"([{"and":[1,2]}])"), ElementsAre(R"([{"and":[1,2]}] -> [2])"));
}

TEST(rules_explain, evaluates_parts_of_constants) {
  EXPECT_THAT(explained(R"({"and":[{"<":[1,2]},false,{"==":[1,1]}]})"), ElementsAre(R"({"<":[1,2]} -> true)", "false -> false", R"({"==":[1,1]} -> true)"));
}

TEST(rules_evaluate, is_shared_between_threads) {
  const auto shared = compiled(R"({"reduce":[{"var":"b.list"},{"+":[{"var":"accumulator"},{"var":"current.n"}]},{"var":"a"}]})");
  std::vector<std::jthread> threads;
  std::vector<double> results(4);
  for (double& result : results) {
    threads.emplace_back([&result, e = shared] {
      for (int i = 0; i < 200; ++i) {
        run_with_reads run(facts_text);
        result = e.evaluate(run.with()).as_number();
      }
    });
  }
  threads.clear();
  EXPECT_THAT(results, ElementsAre(4, 4, 4, 4));
}

}  // namespace
}  // namespace plo::rules
