// The made-up projects of the demo, judged by the built-in rules: each kind of trouble is what it is called, and the healthy are healthy.
#include <map>
#include <set>

#include "app/scenario/population.hpp"
#include "domain/event/ingest_event.hpp"
#include "tests/rules/catalogue.hpp"

namespace plo::spec {
namespace {

using namespace app::scenario;

const zone berlin = zone::find("Europe/Berlin").value();

event told(const source_event& e) {
  static const event_type_map none;
  ingest_scope scope;
  scope.map_of = [](std::string_view) { return &none; };
  const auto parsed = parse_ingest_event(ingest_body(e, e.at), scope);
  if (!parsed) {
    ADD_FAILURE() << e.event_type << ": " << parsed.error().detail << (parsed.error().errors.empty() ? "" : parsed.error().errors[0].pointer) << " " << e.payload;
    return said("weather.report", "01-01");
  }
  event input;
  input.id = next_event_id();
  input.type = parsed->type;
  input.source = parsed->source;
  input.source_ref = parsed->source_ref;
  input.occurred_at = input.recorded_at = parsed->occurred_at;
  input.project_ref = parsed->project_ref;
  input.data = parsed->payload;
  return input;
}

struct outcome {
  std::set<std::string> rules;
  project_status status = project_status::draft;
  std::size_t lines = 0, orders = 0;
};

/// The rules that fire up to `until`, on the event clock.
outcome play(const script& played, instant until) {
  project_state state;
  state.id = test_project;
  domain_settings settings{berlin, "FR"};
  outcome result;
  const auto note = [&](decision decided) {
    for (const auto& e : decided.events)
      if (e.type == "anomaly.raised") {
        const auto data = json_document::parse(e.data);
        result.rules.emplace(json::get_string(data->root(), "rule_id").value_or(""));
      }
    state = std::move(decided.next);
  };
  for (const auto& e : played.events) {
    if (e.at >= until) break;
    note(decide(state, test_project, told(e), settings, &built_in_rules(), {e.at - milliseconds(1), e.at, false, e.at}));
  }
  note(decide(state, test_project, std::nullopt, settings, &built_in_rules(), {until, until, false, until}));
  result.status = state.status;
  result.orders = state.orders.size();
  for (const auto& o : state.orders) result.lines += o.lines.size();
  return result;
}

const std::map<twist, std::vector<std::string>> rules_of_twist{
    {twist::shortage_close_to_delivery, {"ANO-01"}}, {twist::picking_discrepancy, {"ANO-02"}}, {twist::discrepancy_after_dispatch, {"ANO-03"}},
    {twist::partial_close_to_installation, {"ANO-04", "ANO-20"}}, {twist::installation_before_delivery, {"ANO-05", "ANO-11"}},
    {twist::installation_issue, {"ANO-06"}}, {twist::no_slot_before_installation, {"ANO-07"}}, {twist::picking_not_started, {"ANO-08"}},
    {twist::delivery_not_reported, {"ANO-09"}}, {twist::no_installation_quote, {"ANO-10"}}, {twist::blocking_issue, {"ANO-12"}},
    {twist::installation_not_started, {"ANO-13"}}, {twist::no_report, {"ANO-14"}}, {twist::report_not_signed, {"ANO-15"}},
    {twist::eta_too_late, {"ANO-16"}}, {twist::not_consolidated_in_time, {"ANO-17"}}, {twist::consolidation_exception, {"ANO-18"}},
    {twist::slot_before_consolidation, {"ANO-19"}}, {twist::partial_without_consent, {"ANO-20"}}, {twist::silent_shipment, {"ANO-21"}},
    {twist::delivery_failed, {"ANO-22"}}, {twist::no_quote, {"ANO-23"}}, {twist::quote_expired, {"ANO-24"}},
    {twist::discontinued_product, {"ANO-25"}}, {twist::partial_stock, {"ANO-26"}}, {twist::replacement_not_validated, {"ANO-27"}},
    {twist::shipment_exception, {"ANO-28"}}, {twist::consolidation_eta_too_late, {"ANO-29"}}, {twist::rescheduled_shortly_before, {"ANO-30"}},
    {twist::damaged, {"ANO-31"}}, {twist::untrained_installer, {"ANO-32"}}, {twist::installation_partial, {"ANO-33"}},
    {twist::unhappy_client, {"ANO-34"}}, {twist::no_survey_answer, {"ANO-35"}}};

TEST(rules_scenario, each_trouble_is_found_and_not_before_it_comes) {
  EXPECT_EQ(rules_of_twist.size() + 1, twists) << "none is no trouble";
  for (const auto& [what, rules] : rules_of_twist) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      script_options options;
      options.number = static_cast<std::uint32_t>(seed);
      options.what = what;
      options.tz = berlin;
      options.start = at("06-01 08:17");
      std::mt19937_64 random(seed);
      const auto played = make_script(options, random);
      const auto before = play(played, played.trouble_at - std::chrono::seconds(1)).rules;
      const auto after = play(played, played.trouble_at + std::chrono::seconds(1)).rules;
      for (const auto& rule : rules) {
        EXPECT_FALSE(before.contains(rule)) << rule << " seed " << seed;
        EXPECT_TRUE(after.contains(rule)) << rule << " seed " << seed;
      }
    }
  }
}

TEST(rules_scenario, a_healthy_project_has_no_anomaly_and_ends_completed) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    script_options options;
    options.tz = berlin;
    options.start = at("03-01 03:00") + std::chrono::hours(seed * 19);
    std::mt19937_64 random(seed);
    const auto played = make_script(options, random);
    const auto result = play(played, played.events.back().at + std::chrono::hours(24 * 20));
    EXPECT_EQ(result.rules, std::set<std::string>{}) << "seed " << seed;
    EXPECT_EQ(result.status, project_status::completed) << "seed " << seed;
  }
}

TEST(rules_scenario, the_dubois_family_has_two_orders_five_lines_and_a_good_end) {
  const auto played = dubois_script(at("06-01 08:00"), berlin);
  const auto result = play(played, played.events.back().at + std::chrono::hours(24));
  EXPECT_EQ(result.orders, 2u);
  EXPECT_EQ(result.lines, 5u);
  EXPECT_EQ(result.status, project_status::completed);
  EXPECT_EQ(result.rules, std::set<std::string>{});
}

TEST(rules_scenario, a_script_is_repeatable_and_its_references_are_unique) {
  const auto now = at("2026-03-01T10:20:30Z");
  const auto history = demo_history(now, berlin, 7);
  const auto again = demo_history(now, berlin, 7);
  ASSERT_EQ(history.size(), again.size());
  std::set<std::string> refs, projects;
  for (std::size_t i = 0; i < history.size(); ++i) {
    EXPECT_EQ(history[i].payload, again[i].payload);
    EXPECT_LT(history[i].at, now);
    EXPECT_LE(history[i == 0 ? 0 : i - 1].at, history[i].at);
    EXPECT_TRUE(refs.insert(history[i].source + history[i].source_ref).second);
    projects.insert(history[i].project_ref);
  }
  EXPECT_GE(projects.size(), 290u);
}

TEST(rules_scenario, trouble_can_be_put_at_a_moment) {
  for (const auto& [what, rules] : rules_of_twist) {
    script_options options;
    options.what = what;
    options.tz = berlin;
    const auto when = at("2026-03-01T10:20:30Z");
    const auto played = script_with_trouble_at(options, when, 5);
    EXPECT_LE(played.trouble_at, when) << rules.front();
    EXPECT_GT(played.trouble_at, when - std::chrono::hours(72)) << rules.front();
  }
}

}  // namespace
}  // namespace plo::spec
