// What is written can be read: limits of reading back, texts made fit, and the guard that looks before the log does.
#include <fmt/format.h>

#include "base/printable.hpp"
#include "domain/event/personal_data.hpp"
#include "domain/event/readable.hpp"
#include "domain/rules/rule_set.hpp"
#include "tests/project/given.hpp"

namespace plo::spec {
namespace {

std::string nested(std::size_t levels, std::string_view inside = "1") {
  std::string text;
  for (std::size_t i = 0; i < levels; ++i) text += R"({"a":)";
  return text.append(inside).append(levels, '}');
}

}  // namespace

TEST(domain_readable, what_comes_from_outside_may_be_less_deep_than_what_is_read_back) {
  EXPECT_TRUE(json_document::parse(nested(max_json_depth), max_json_depth));
  const auto refused = json_document::parse(nested(max_json_depth + 1), max_json_depth);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what, json_error::kind::too_deep);
  EXPECT_EQ(refused.error().detail, "nested deeper than 64 levels");
  EXPECT_TRUE(json_document::parse(nested(max_json_depth + 1)));
  EXPECT_TRUE(json_document::parse(nested(max_stored_json_depth)));
  EXPECT_TRUE(json_document::parse(nested(max_stored_json_depth - 1, "{}"))) << "an empty object counts as well";
  EXPECT_FALSE(json_document::parse(nested(max_stored_json_depth + 1)));
  EXPECT_TRUE(json_document::parse(nested(max_stored_json_depth, "123456789012345678901234567890"))) << "and on the slow path";
  EXPECT_FALSE(json_document::parse(nested(max_json_depth), max_json_depth - 1)) << "parsers of one depth do not serve another";
}

TEST(domain_readable, personal_values_are_found_as_deep_as_anything_is_read) {
  const personal_fields fields({"phone"});
  const auto deep = nested(max_stored_json_depth - 1, R"({"phone":"0601"})");
  ASSERT_TRUE(json_document::parse(deep));
  EXPECT_THAT(fields.mask(deep), ::testing::HasSubstr(R"("phone":"[erased]")"));
}

TEST(domain_readable, a_text_that_is_not_utf8_is_written_as_one_that_is) {
  const auto json = json_writer().begin_object().field("\xff key", "a\xc3\x28\xf0\x9f\x98\x80 \xed\xa0\x80").end_object().str();
  ASSERT_TRUE(json_document::parse(json)) << json;
  EXPECT_EQ(json, "{\"\xef\xbf\xbd key\":\"a\xef\xbf\xbd(\xf0\x9f\x98\x80 \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"}");
}

TEST(domain_readable, a_log_line_shows_what_a_terminal_would_obey) {
  EXPECT_EQ(printable("plain — texte, 文"), "plain — texte, 文");
  EXPECT_EQ(printable("a\nb\x1b[31m\x7f"), "a\\x0ab\\x1b[31m\\x7f");
  EXPECT_EQ(printable("\xc2\x9b" "31m \xe2\x80\xa8 \xe2\x80\xae \xe2\x81\xa6"), "\\u{9b}31m \\u{2028} \\u{202e} \\u{2066}");
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(printable("\xc0\xaf\xf5\x80\x80\x80"), "\\xc0\\xaf\\xf5\\x80\\x80\\x80") << "overlong and beyond the last character";
  EXPECT_EQ(printable("éééé", 5), "éé…") << "cut between characters";
  EXPECT_LE(printable(std::string(1'000'000, '\x1b')).size(), 210u);
}

TEST(domain_readable, the_guard_says_what_could_not_be_read_back) {
  const auto good = said("order.confirmed", "06-01", R"({"order_ref":"O"})");
  EXPECT_EQ(unreadable(good), std::nullopt);
  const auto with = [&](auto change) {
    auto e = good;
    change(e);
    return unreadable(e).value_or("");
  };
  EXPECT_EQ(with([](event& e) { e.data = "{"; }).substr(0, 46), "the data of order.confirmed cannot be read bac");
  EXPECT_EQ(with([](event& e) { e.data = "[]"; }), "the data of order.confirmed is no JSON object");
  EXPECT_EQ(with([](event& e) { e.data = nested(max_stored_json_depth + 1); }), "the data of order.confirmed cannot be read back: nested deeper than 256 levels");
  EXPECT_EQ(with([](event& e) { e.data = "{\"a\":\"\xff\"}"; }).substr(0, 40), "the data of order.confirmed cannot be re");
  EXPECT_EQ(with([](event& e) { e.comment = "\xff"; }), "the comment is not UTF-8");
  EXPECT_EQ(with([](event& e) { e.source_ref = "\xc3"; }), "the source_ref is not UTF-8");
  EXPECT_EQ(with([](event& e) { e.occurred_at = instant::min(); }), "a time lies outside the years 1 to 9999");
  EXPECT_EQ(with([](event& e) { e.recorded_at = instant::max(); }), "a time lies outside the years 1 to 9999");
}

TEST(domain_readable, instants_at_the_ends_of_time_come_back) {
  for (const auto* text : {"0001-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"}) {
    EXPECT_EQ(format_instant(*parse_instant(text)), text);
    EXPECT_TRUE(can_be_written(*parse_instant(text)));
  }
  const auto beyond = *parse_instant("9999-12-31T23:59:59.999Z") + milliseconds(1);
  EXPECT_FALSE(can_be_written(beyond));
  EXPECT_EQ(within_written_years(beyond), *parse_instant("9999-12-31T23:59:59.999Z"));
}

namespace {

rules::rule_set rules_of(std::string_view definition) {
  rules::rule_command load;
  load.what = rules::rule_command::verb::load_file;
  load.file.push_back(rules::parse_rule(json_document::parse(definition)->root()).value());
  event like;
  like.id = next_event_id();
  rules::rule_set set;
  const auto decided = rules::decide(set, load, like);
  for (const auto& e : decided->events) set.evolve(e);
  set.index();
  return set;
}

decision decided(project_state state, const event& input, const rules::rule_set& rules) {
  clock_reading clock;
  clock.wall = false;
  clock.before = input.occurred_at - milliseconds(1);
  clock.now = input.occurred_at;
  return decide(std::move(state), test_project, input, paris(), &rules, clock);
}

constexpr std::string_view reads_lines = R"({"id":"R1","name":"lines","scope":"order","severity":"warning",
  "on":["order.confirmed"],"when":{"!!":[{"var":"event.payload.lines"}]},"actions":[{"do":"notify","to":"buyer"}]})";
constexpr std::string_view has_deadline = R"({"id":"R2","name":"delivery","scope":"order","severity":"warning",
  "deadline":{"anchor":"order.promised_delivery_date","offset":"-P3D"},"actions":[{"do":"notify","to":"buyer"}]})";

}  // namespace

TEST(domain_readable, a_rule_that_reads_what_is_deep_raises_an_anomaly_that_reads_back) {
  const auto rules = rules_of(reads_lines);
  for (std::size_t levels = 50; levels <= 62; ++levels) {
    const auto payload = R"({"order_ref":"O","lines":[{"sku":"A","x":)" + nested(levels - 1) + "}]}";
    ASSERT_EQ(static_cast<bool>(json_document::parse(payload, max_json_depth)), levels <= 62);
    const auto d = decided({}, said("order.confirmed", "06-01", payload), rules);
    for (const auto& e : d.events) EXPECT_EQ(unreadable(e), std::nullopt) << levels;
    ASSERT_EQ(d.next.anomalies.size(), 1u) << levels;
    EXPECT_EQ(d.next.anomalies.front().facts.find("truncated") != std::string::npos, levels > 60) << levels << d.next.anomalies.front().facts;
    EXPECT_EQ(d.events.back().type, "notification.requested");
  }
}

TEST(domain_readable, many_large_facts_are_cut) {
  std::string conditions;
  for (int i = 0; i < 200; ++i) conditions += fmt::format(R"({}{{"!!":[{{"var":"event.payload.f{}"}}]}})", i ? "," : "", i);
  std::string payload = R"({"order_ref":"O")";
  for (int i = 0; i < 200; ++i) payload += fmt::format(R"(,"f{}":"{}")", i, std::string(4000, 'x'));
  const auto rules = rules_of(R"({"id":"R1","name":"n","scope":"order","severity":"warning","on":["order.confirmed"],
    "when":{"and":[)" + conditions + R"(]},"actions":[]})");
  const auto d = decided({}, said("order.confirmed", "06-01", payload + "}"), rules);
  ASSERT_EQ(d.next.anomalies.size(), 1u);
  EXPECT_LE(d.next.anomalies.front().facts.size(), 300'000u);
}

TEST(domain_readable, a_deadline_beyond_what_can_be_written_passes_once) {
  const auto rules = rules_of(has_deadline);
  // An old log may hold such a date; the door takes none any more.
  for (const auto* day : {"0001-01-01", "0001-01-03", "0001-01-05", "1970-01-01"}) {
    const auto d = decided({}, said("order.confirmed", "06-01", fmt::format(R"({{"order_ref":"O","promised_delivery_date":"{}"}})", day)), rules);
    EXPECT_EQ(d.next.passed_deadlines.size(), 1u) << day;
    EXPECT_EQ(std::count_if(d.events.begin(), d.events.end(), [](const event& e) { return e.type == own_type::deadline_passed; }), 1) << day;
  }
  const auto last = said("order.confirmed", "9999-12-31T23:59:59.999Z", R"({"order_ref":"O","promised_delivery_date":"9999-12-31"})");
  const auto late = rules_of(R"({"id":"R2","name":"n","scope":"order","severity":"critical","escalate_after":"PT4H",
    "deadline":{"anchor":"order.promised_delivery_date","offset":"P30D"},"actions":[{"do":"escalate"}]})");
  const auto d = decided({}, last, late);
  EXPECT_EQ(d.next.passed_deadlines.size(), 1u);
  for (const auto& e : d.events) EXPECT_EQ(unreadable(e), std::nullopt);
}

TEST(domain_readable, a_deadline_that_is_still_due_when_it_has_passed_stops_the_decision) {
  const auto rules = rules_of(has_deadline);
  auto state = decided({}, said("order.confirmed", "06-01", R"({"order_ref":"O","promised_delivery_date":"2025-09-01"})"), rules).next;
  EXPECT_NO_THROW((void)decided(state, said("stock.check_ok", "2025-09-02T00:00:00Z", R"({"order_ref":"O2"})"), rules));
  auto broken = state;
  broken.orders.front().order_ref = std::string("\"O\xff");  // written as another text than it is held
  EXPECT_THROW((void)decided(broken, said("stock.check_ok", "2025-09-02T00:00:00Z", R"({"order_ref":"O2"})"), rules), std::logic_error);
}

}  // namespace plo::spec
