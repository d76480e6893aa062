// Short words for what sources say in the tests of the built-in rules, and tables of what must come of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "tests/rules/catalogue.hpp"

namespace plo::spec {

/// An event about order O1, or another one. `more` is JSON members that follow the order's reference.
inline event about(std::string_view type, std::string_view when, std::string_view more = "", std::string_view order_ref = "O1") {
  return said(type, when, fmt::format(R"({{"order_ref":"{}"{}{}}})", order_ref, more.empty() ? "" : ",", more));
}
/// order.confirmed, promised for a day.
inline event ordered(std::string_view when = "06-01 08:00", std::string_view promised = "2025-06-20", std::string_view more = "",
                     std::string_view order_ref = "O1") {
  return about("order.confirmed", when, fmt::format(R"("promised_delivery_date":"{}"{}{})", promised, more.empty() ? "" : ",", more), order_ref);
}
/// lastmile.scheduled for 14:00 to 16:00 in Paris.
inline event slot(std::string_view when, std::string_view date = "2025-06-20", std::string_view type = "lastmile.scheduled",
                  std::string_view start = "14:00", std::string_view end = "16:00") {
  return said(type, when, fmt::format(R"({{"lastmile_id":"L1","scheduled_date":"{}","time_slot":{{"start":"{}","end":"{}"}}}})", date, start, end));
}
inline event lastmile(std::string_view what, std::string_view when, std::string_view payload = R"({"lastmile_id":"L1"})") {
  return said("lastmile." + std::string(what), when, payload);
}
/// installation.scheduled to start at an instant.
inline event install(std::string_view when, std::string_view start = "2025-06-25T08:00:00Z", std::string_view more = "",
                     std::string_view type = "installation.scheduled") {
  return said(type, when, fmt::format(R"({{"installation_id":"I1","scheduled_start":"{}"{}{}}})", start, more.empty() ? "" : ",", more));
}
inline event installation(std::string_view what, std::string_view when, std::string_view more = "") {
  return said("installation." + std::string(what), when, fmt::format(R"({{"installation_id":"I1"{}{}}})", more.empty() ? "" : ",", more));
}
inline event consent(std::string_view when, bool customer = true, bool installer = true) {
  return said("consolidation.partial_approved", when, fmt::format(R"({{"customer":{},"installer":{}}})", customer, installer));
}

/// "critical order O1", or "nothing". What there is one of in a project is named by its scope alone.
inline std::string described(const watched& p, std::string_view rule_id, std::string_view order_ref = {}) {
  const auto* a = p.found(rule_id, order_ref);
  if (a == nullptr) return "nothing";
  const bool own = a->entity == p->id.to_string() || (p->consolidation && a->entity == p->consolidation->consolidation_id);
  return fmt::format("{} {}{}", to_string(a->severity), to_string(a->scope), own ? "" : " " + a->entity);
}

inline milliseconds one_ms() { return milliseconds(1); }

/// A rule that fires after a history, or at a deadline that follows from it.
struct firing {
  std::string rule;
  std::vector<event> history;
  std::string as;                   // see described()
  std::vector<std::string> told;    // see watched::told_whom()
  std::vector<std::string> facts;   // `"path":…,"value":…` that it names, among others
  std::string due = {};             // deadline rules: the very instant
  std::string blocked = {};         // the step
};

/// A history that comes close and yet must not raise. `until`: the clock goes on so far.
struct silence {
  std::string name;
  std::string rule;
  std::vector<event> history;
  std::string until = {};
};

/// What ends an anomaly: the history raises it (by `due`, for a deadline), the last event resolves it.
struct ending {
  std::string name;
  std::string rule;
  std::vector<event> history;
  std::string due;  // empty: raised by the history itself
  event last;
  std::string by = "system";
};

inline void PrintTo(const firing& c, std::ostream* os) { *os << c.rule; }
inline void PrintTo(const silence& c, std::ostream* os) { *os << c.rule << " " << c.name; }
inline void PrintTo(const ending& c, std::ostream* os) { *os << c.rule << " " << c.name; }

/// "ANO_01" or "ANO_01_exactly_72_hours": what the test is called.
template <class Case>
std::string name_of(const testing::TestParamInfo<Case>& info) {
  std::string name = info.param.rule;
  if constexpr (requires { info.param.name; }) name += "_" + info.param.name;
  for (char& c : name)
    if (c == '-' || c == ' ') c = '_';
  return name;
}

inline void check(const firing& c, bool wall) {
  SCOPED_TRACE(wall ? "wall clock" : "event clock");
  watched p;
  if (wall) p.on_the_wall();
  p.told(c.history);
  const bool deadline = !c.due.empty();
  if (deadline) {
    ASSERT_FALSE(p.is_open(c.rule)) << "before its time";
    p.at_time(format_instant(at(c.due) - one_ms()));
    ASSERT_FALSE(p.is_open(c.rule)) << "a millisecond too early";
    p.at_time(c.due);
  }
  const auto* a = p.found(c.rule);
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(described(p, c.rule), c.as);
  EXPECT_EQ(a->status, anomaly_status::open);
  EXPECT_EQ(a->occurrences, 1u);
  EXPECT_EQ(a->raised_at, deadline ? at(c.due) : c.history.back().occurred_at);
  EXPECT_EQ(a->cause_deadline, deadline ? std::optional(at(c.due)) : std::nullopt);
  EXPECT_EQ(a->cause_event, deadline ? std::nullopt : std::optional(c.history.back().id));
  EXPECT_EQ(p.told_whom(c.rule), c.told);
  for (const auto& fact : c.facts) EXPECT_THAT(a->facts, testing::HasSubstr(fact));
  if (c.blocked.empty()) {
    EXPECT_TRUE(a->blocks.empty());
  } else {
    const auto type = *parse_step_type(c.blocked);
    EXPECT_EQ(a->blocks, std::vector{type});
    EXPECT_EQ(p.step_of(type, "O1")->status, step_status::blocked);
    EXPECT_EQ(p.step_of(type, "O1")->blocked_by, a->id.to_string());
  }
}

inline void check(const silence& c, bool wall) {
  SCOPED_TRACE(wall ? "wall clock" : "event clock");
  watched p;
  if (wall) p.on_the_wall();
  p.told(c.history);
  if (!c.until.empty()) p.at_time(c.until);
  EXPECT_EQ(p.found(c.rule), nullptr);
}

inline void check(const ending& c, bool wall) {
  SCOPED_TRACE(wall ? "wall clock" : "event clock");
  watched p;
  if (wall) p.on_the_wall();
  p.told(c.history);
  if (!c.due.empty()) p.at_time(c.due);
  ASSERT_TRUE(p.is_open(c.rule));
  const auto blocks = p.found(c.rule)->blocks;
  p.when(c.last);
  const auto* a = p.found(c.rule);
  EXPECT_EQ(a->status, anomaly_status::resolved);
  EXPECT_EQ(a->resolved_by, c.by);
  EXPECT_EQ(a->late_event, c.by == "late_event" ? std::optional(c.last.id) : std::nullopt);
  EXPECT_GE(*a->resolved_at, a->raised_at);
  for (const auto type : blocks) EXPECT_NE(p.step_of(type, "O1")->blocked_by, a->id.to_string());
}

}  // namespace plo::spec

// The tables of one scope as tests, each case on either clock.
#define PLO_CATALOGUE_TABLES(scope, firings, silences, endings)                                                          \
  class catalogue_##scope##_fires : public testing::TestWithParam<firing> {};                                            \
  TEST_P(catalogue_##scope##_fires, on_either_clock) { check(GetParam(), false), check(GetParam(), true); }              \
  INSTANTIATE_TEST_SUITE_P(rules, catalogue_##scope##_fires, testing::ValuesIn(firings()), name_of<firing>);             \
  class catalogue_##scope##_silent : public testing::TestWithParam<silence> {};                                          \
  TEST_P(catalogue_##scope##_silent, on_either_clock) { check(GetParam(), false), check(GetParam(), true); }             \
  INSTANTIATE_TEST_SUITE_P(rules, catalogue_##scope##_silent, testing::ValuesIn(silences()), name_of<silence>);          \
  class catalogue_##scope##_ends : public testing::TestWithParam<ending> {};                                             \
  TEST_P(catalogue_##scope##_ends, on_either_clock) { check(GetParam(), false), check(GetParam(), true); }               \
  INSTANTIATE_TEST_SUITE_P(rules, catalogue_##scope##_ends, testing::ValuesIn(endings()), name_of<ending>)
