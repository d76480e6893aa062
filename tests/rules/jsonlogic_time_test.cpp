#include <gtest/gtest.h>

#include "tests/rules/run.hpp"

namespace plo::rules {
namespace {

zone paris() {
  return zone::find("Europe/Paris").value();
}

/// Facts as a project gives them: instants and days that are no text.
class rules_jsonlogic_time : public testing::Test {
protected:
  std::string in_paris(std::string_view rule) { return run(rule, value::of(std::span<const member>(order_)), paris(), &calendar_); }

  void expect_all(std::initializer_list<std::pair<const char*, const char*>> cases) {
    for (const auto& [rule, expected] : cases) EXPECT_EQ(in_paris(rule), expected) << rule;
  }

  std::vector<member> order_{{"at", value::of(parse_instant("2025-06-15T14:32:00Z"))},
                             {"same", value::of(parse_instant("2025-06-15T16:32:00+02:00"))},
                             {"later", value::of(parse_instant("2025-06-16T14:32:00.250Z"))},
                             {"night", value::of(parse_instant("2025-06-15T23:30:00Z"))},
                             {"winter_night", value::of(parse_instant("2025-01-15T23:30:00Z"))},
                             {"day", value::of(parse_day("2025-06-16"))},
                             {"next_day", value::of(parse_day("2025-06-17"))},
                             {"at_text", value::of("2025-06-15T14:32:00Z")},
                             {"day_text", value::of("2025-06-16")},
                             {"within", value::of("PT72H")},
                             {"wrong", value::of("tomorrow")},
                             {"number", value::of(1750000000000)},
                             {"nothing", value()}};
  business_calendar calendar_{{true, false, false, false, false, false, true}, {{"14 July", 7, 14, std::nullopt}}};
};

TEST_F(rules_jsonlogic_time, time_is_milliseconds) {
  expect_all({{R"({"time":{"var":"at"}})", "1749997920000"},
              {R"({"time":{"var":"at_text"}})", "1749997920000"},
              {R"({"time":["2025-06-15T16:32:00+02:00"]})", "1749997920000"},
              {R"({"time":"1970-01-01T00:00:00.001Z"})", "1"},
              // A day begins at midnight in the zone.
              {R"({"time":{"var":"day"}})", "1750024800000"},
              {R"({"time":{"var":"day_text"}})", "1750024800000"},
              {R"({"time":"2025-06-16"})", "1750024800000"},
              {R"({"time":"2025-01-16"})", "1736982000000"},
              {R"({"time":{"var":"nothing"}})", "null"},
              {R"({"time":null})", "null"},
              {R"({"time":{"var":"wrong"}})", "null"},
              {R"({"time":"tomorrow"})", "null"},
              {R"({"time":{"var":"number"}})", "null"},
              {R"({"time":true})", "null"},
              {R"({"time":[["2025-06-15"]]})", "null"}});
}

TEST_F(rules_jsonlogic_time, date_is_the_day_in_the_zone) {
  const std::string sixteenth = "20255";  // 2025-06-16
  for (const auto* rule : {R"({"date":{"var":"day"}})", R"({"date":{"var":"day_text"}})", R"({"date":"2025-06-16"})", R"({"date":{"var":"night"}})",
                           R"({"date":"2025-06-15T23:30:00Z"})", R"({"date":["2025-06-15T22:00:00Z"]})", R"({"date":"2025-06-16T21:59:59.999Z"})"}) {
    EXPECT_EQ(in_paris(rule), sixteenth) << rule;
  }
  expect_all({{R"({"date":{"var":"at"}})", "20254"},
              {R"({"date":"2025-06-15T21:59:59.999Z"})", "20254"},
              {R"({"date":{"var":"winter_night"}})", "20104"},
              {R"({"date":"2025-01-15T22:59:59Z"})", "20103"},
              {R"({"date":"1970-01-01"})", "0"},
              {R"({"date":{"var":"nothing"}})", "null"},
              {R"({"date":{"var":"wrong"}})", "null"},
              {R"({"date":null})", "null"},
              {R"({"==":[{"date":{"var":"night"}},{"date":{"var":"day"}}]})", "true"},
              {R"({"-":[{"date":{"var":"next_day"}},{"date":{"var":"night"}}]})", "1"}});
  EXPECT_EQ(run(R"({"date":"2025-06-15T23:30:00Z"})", "null", zone::utc()), "20254");
}

TEST_F(rules_jsonlogic_time, duration_is_milliseconds) {
  expect_all({{R"({"duration":"PT72H"})", "259200000"},
              {R"({"duration":["-PT8H"]})", "-28800000"},
              {R"({"duration":"P1DT0.5S"})", "86400500"},
              {R"({"duration":{"cat":["PT",3,"H"]}})", "10800000"},
              {R"({"duration":{"var":"within"}})", "259200000"},
              {R"({"duration":{"var":"wrong"}})", "null"},
              {R"({"duration":{"var":"nothing"}})", "null"},
              {R"({"duration":{"var":"number"}})", "null"},
              {R"({"duration":{"var":["nothing","PT1S"]}})", "1000"}});
}

TEST_F(rules_jsonlogic_time, business_days_leave_out_the_first_and_count_the_last) {
  expect_all({{R"({"business_days":["2025-07-11","2025-07-16"]})", "2"},
              {R"({"business_days":["2025-07-16","2025-07-11"]})", "-2"},
              {R"({"business_days":[{"var":"day"},{"var":"day_text"}]})", "0"},
              // 23:30 UTC on Sunday is Monday in Paris.
              {R"({"business_days":[{"var":"at"},{"var":"night"}]})", "1"},
              {R"({"business_days":[{"var":"night"},{"var":"next_day"}]})", "1"},
              {R"({"business_days":[{"var":"nothing"},{"var":"day"}]})", "null"},
              {R"({"business_days":[{"var":"day"},"tomorrow"]})", "null"},
              {R"({">=":[{"business_days":[{"var":"day"},{"var":"nothing"}]},0]})", "false"},
              {R"({"<":[{"business_days":[{"var":"day"},{"var":"nothing"}]},0]})", "false"}});
  EXPECT_EQ(run(R"({"business_days":["2025-07-11","2025-07-16"]})"), "3") << "without a calendar";
}

TEST_F(rules_jsonlogic_time, computes_with_times) {
  expect_all({{R"({"<":[{"-":[{"time":{"var":"later"}},{"time":{"var":"at"}}]},{"duration":{"var":"within"}}]})", "true"},
              {R"({"<":[{"-":[{"time":{"var":"later"}},{"time":{"var":"at"}}]},{"duration":"PT24H"}]})", "false"},
              {R"({"-":[{"time":{"var":"later"}},{"time":{"var":"at"}}]})", "86400250"},
              {R"({"/":[{"duration":"PT36H"},{"duration":"P1D"}]})", "1.5"},
              {R"({"max":[{"time":{"var":"at"}},{"time":{"var":"later"}},0]})", "1750084320250"},
              {R"({"<":[{"time":{"var":"at"}},{"time":{"var":"later"}},{"time":{"var":"next_day"}}]})", "true"}});
}

TEST_F(rules_jsonlogic_time, comparisons_without_a_time_are_false) {
  for (const auto* compare : {"==", "!=", "<", "<=", ">", ">="}) {
    for (const auto* operands : {
             R"([{"time":{"var":"nothing"}},{"time":{"var":"at"}}])", R"([{"time":{"var":"at"}},{"time":{"var":"nothing"}}])",
             R"([{"time":{"var":"nothing"}},{"time":{"var":"nothing"}}])", R"([{"date":{"var":"wrong"}},0])", R"([0,{"duration":{"var":"nothing"}}])",
             R"([{"time":{"var":"at"}},{"var":"nothing"}])", R"([{"var":"nothing"},{"time":{"var":"at"}}])", R"([{"time":"2025-06-15"},null])",
             R"([{"duration":"PT1H"},{"var":"missing"}])", R"([null,{"duration":"PT1H"}])", R"([{"+":[{"duration":"PT1H"},1]},null])",
             R"([{"+":[{"time":{"var":"at"}},{"duration":{"var":"nothing"}}]},0])", R"([{"-":[{"time":{"var":"nothing"}}]},0])",
             R"([{"*":[{"date":{"var":"nothing"}}]},0])", R"([{"max":[{"time":{"var":"at"}},{"time":{"var":"nothing"}}]},0])",
             R"([{"/":[{"duration":"PT1H"},{"duration":{"var":"nothing"}}]},0])", R"([{"%":[{"date":{"var":"nothing"}},7]},0])",
             R"([{"+":[1,{"+":[2,{"time":{"var":"nothing"}}]}]},0])",
             // A null that takes part in arithmetic with times is no zero.
             R"([{"-":[{"time":{"var":"at"}},{"var":"nothing"}]},0])", R"([{"min":[{"var":"nothing"},{"time":{"var":"at"}}]},0])",
             // Handed on by operators that know nothing of time.
             R"([{"if":[true,{"time":{"var":"nothing"}}]},null])", R"([{"reduce":[[1,2],{"time":{"var":"current"}},0]},0])"}) {
      const auto rule = std::string("{\"") + compare + "\":" + operands + "}";
      EXPECT_EQ(in_paris(rule), "false") << rule;
    }
  }
  expect_all({{R"({"<":[0,{"time":{"var":"at"}},{"var":"nothing"}]})", "false"},
              {R"({"<=":[{"time":{"var":"nothing"}},1,2]})", "false"},
              // A comparison gives a flag, which is no time.
              {R"({"==":[{"<":[{"time":{"var":"at"}},0]},{"var":"nothing"}]})", "false"},
              {R"({"!=":[{"<":[{"time":{"var":"at"}},0]},{"var":"nothing"}]})", "true"},
              {R"({"!=":[{"<":[{"duration":"PT1H"},0]},null]})", "true"}});
}

TEST_F(rules_jsonlogic_time, strict_comparisons_know_null) {
  expect_all({{R"({"===":[{"time":{"var":"nothing"}},null]})", "true"},
              {R"({"!==":[{"time":{"var":"nothing"}},null]})", "false"},
              {R"({"===":[null,{"date":{"var":"wrong"}}]})", "true"},
              {R"({"===":[{"duration":{"var":"nothing"}},{"var":"missing"}]})", "true"},
              {R"({"===":[{"time":{"var":"nothing"}},{"date":{"var":"nothing"}}]})", "true"},
              {R"({"===":[{"time":{"var":"at"}},null]})", "false"},
              {R"({"!==":[{"time":{"var":"at"}},null]})", "true"},
              {R"({"!==":[{"date":{"var":"day"}},{"var":"nothing"}]})", "true"},
              {R"({"!==":[{"time":{"var":"at"}},{"time":{"var":"nothing"}}]})", "true"},
              // Null is no zero, and no flag.
              {R"({"===":[{"time":{"var":"nothing"}},0]})", "false"},
              {R"({"!==":[{"duration":{"var":"nothing"}},false]})", "true"},
              // What is computed from a missing time is missing.
              {R"({"===":[{"-":[{"time":{"var":"nothing"}},{"time":{"var":"at"}}]},null]})", "true"},
              {R"({"===":[{"max":[{"time":{"var":"at"}},{"var":"nothing"}]},null]})", "true"},
              {R"({"===":[{"business_days":[{"var":"nothing"},{"var":"day"}]},null]})", "true"},
              {R"({"!==":[{"business_days":[{"var":"day"},{"var":"next_day"}]},null]})", "true"},
              {R"({"===":[{"if":[true,{"time":{"var":"nothing"}}]},null]})", "true"},
              {R"({"===":[[{"time":{"var":"nothing"}}],[null]]})", "true"},
              // A plain null compares as JsonLogic's does.
              {R"({"==":[{"var":"nothing"},null]})", "true"},
              {R"({"!=":[{"var":"nothing"},1]})", "true"},
              {R"({"<":[{"var":"nothing"},1]})", "true"},
              {R"({"===":[{"var":"nothing"},null]})", "true"}});
}

TEST_F(rules_jsonlogic_time, between_is_false_wherever_a_time_is_missing) {
  for (const auto* compare : {"<", "<="}) {
    for (const auto* operands : {R"([{"time":{"var":"nothing"}},{"time":{"var":"at"}},{"time":{"var":"later"}}])",
                                 R"([{"time":{"var":"at"}},{"time":{"var":"nothing"}},{"time":{"var":"later"}}])",
                                 R"([{"time":{"var":"at"}},{"time":{"var":"later"}},{"time":{"var":"nothing"}}])",
                                 R"([{"var":"nothing"},{"time":{"var":"at"}},{"time":{"var":"later"}}])",
                                 R"([0,{"duration":{"var":"nothing"}},1])"}) {
      const auto rule = std::string("{\"") + compare + "\":" + operands + "}";
      EXPECT_EQ(in_paris(rule), "false") << rule;
      EXPECT_EQ(in_paris("{\"!\":" + rule + "}"), "true") << rule;
    }
  }
}

TEST_F(rules_jsonlogic_time, elsewhere_no_time_is_null) {
  expect_all({{R"({"!":{"time":{"var":"nothing"}}})", "true"},
              {R"({"!!":{"time":"1970-01-01T00:00:00Z"}})", "false"},
              {R"({"if":[{"date":{"var":"nothing"}},1,2]})", "2"},
              {R"({"or":[{"time":{"var":"nothing"}},"x"]})", "\"x\""},
              {R"({"cat":["<",{"time":{"var":"nothing"}},">"]})", "\"<>\""},
              {R"({"in":[{"time":{"var":"nothing"}},[null]]})", "true"},
              {R"([{"duration":{"var":"nothing"}}])", "[null]"},
              {R"({"merge":[{"time":{"var":"nothing"}}]})", "[null]"}});
}

TEST_F(rules_jsonlogic_time, instants_and_days_act_as_their_texts) {
  expect_all({{R"({"var":"at"})", "\"2025-06-15T14:32:00.000Z\""},
              {R"({"var":"day"})", "\"2025-06-16\""},
              {R"({"cat":["at ",{"var":"at"}," on ",{"var":"day"}]})", "\"at 2025-06-15T14:32:00.000Z on 2025-06-16\""},
              {R"({"cat":[[{"var":"later"},{"var":"day"}]]})", "\"2025-06-16T14:32:00.250Z,2025-06-16\""},
              {R"({"substr":[{"var":"at"},0,4]})", "\"2025\""},
              {R"({"in":["2025-06",{"var":"at"}]})", "true"},
              {R"({"in":["2025-07",{"var":"day"}]})", "false"},
              {R"({"in":[{"var":"day"},["2025-06-16"]]})", "true"},
              {R"({"in":[{"var":"day"},"until 2025-06-16"]})", "true"},
              {R"({"==":[{"var":"at"},{"var":"same"}]})", "true"},
              {R"({"===":[{"var":"at"},{"var":"same"}]})", "true"},
              {R"({"===":[{"var":"at"},"2025-06-15T14:32:00.000Z"]})", "true"},
              {R"({"==":[{"var":"at"},{"var":"at_text"}]})", "false"},
              {R"({"===":[{"var":"day"},{"var":"day_text"}]})", "true"},
              {R"({"!=":[{"var":"day"},{"var":"day_text"}]})", "false"},
              {R"({"<":[{"var":"at"},{"var":"later"}]})", "true"},
              {R"({">":[{"var":"next_day"},{"var":"day"}]})", "true"},
              {R"({"<":[{"var":"day"},{"var":"later"}]})", "true"},
              {R"({"<":[{"var":"day"},"2025-06-17"]})", "true"},
              {R"({"<":[{"var":"at"},{"var":"nothing"}]})", "false"},
              {R"({"<":[{"var":"at"},5]})", "false"},
              {R"({"==":[{"var":"at"},{"var":"nothing"}]})", "false"},
              {R"({"!!":{"var":"at"}})", "true"},
              {R"({"and":[{"var":"day"},"yes"]})", "\"yes\""},
              {R"({"-":[{"var":"at"},0]})", "null"},
              {R"({"+":[{"var":"day"}]})", "null"},
              {R"({"max":[{"var":"day"},1]})", "null"},
              {R"({"missing":["at","day","nothing"]})", "[\"nothing\"]"}});
}

TEST_F(rules_jsonlogic_time, writes_any_instant_as_the_rest_of_plo_does) {
  for (const auto* text : {"0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00Z", "2000-02-29T12:34:56.789Z", "9999-12-31T23:59:59.999Z"}) {
    order_[0].item = value::of(parse_instant(text));
    EXPECT_EQ(in_paris(R"({"cat":[{"var":"at"}]})"), '"' + format_instant(parse_instant(text).value()) + '"');
  }
}

}  // namespace
}  // namespace plo::rules
