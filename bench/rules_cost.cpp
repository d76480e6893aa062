// What the rules cost: decides the same events with and without the built-in catalogue, in memory, on the event clock.
//
//   rules_cost FILE.ndjson     ingest events; projects are told apart by project_ref
#include <chrono>
#include <iostream>
#include <unordered_map>

#include <fmt/format.h>

#include "bench/history.hpp"
#include "config/embedded.hpp"
#include "config/rules_file.hpp"
#include "domain/project/project.hpp"
#include "domain/rules/rule_set.hpp"

namespace {

using namespace plo;

rules::rule_set built_in() {
  rules::rule_command load;
  load.what = rules::rule_command::verb::load_file;
  const auto texts = config::parse_rules(config::embedded::rules, "rules.toml");
  for (const auto& text : texts.value()) {
    const auto document = json_document::parse(text.json);
    load.file.push_back(rules::parse_rule(document->root()).value());
  }
  rules::rule_set set;
  const auto decided = rules::decide(set, load, {});
  for (const auto& e : decided->events) set.evolve(e);
  set.index();
  return set;
}

struct run {
  double microseconds = 0;  // of one event
  std::size_t stored = 0;   // events in all
};

run decide_all(const std::vector<event>& events, const rules::rule_set* rules) {
  const domain_settings settings{zone::find("Europe/Paris").value(), "FR"};
  std::unordered_map<std::string, project_state> projects;
  run result;
  instant clock = instant::min();
  const auto start = std::chrono::steady_clock::now();
  for (const auto& e : events) {
    auto& state = projects[e.project_ref];
    clock_reading reading{std::max(clock, e.occurred_at - milliseconds(1)), std::max(clock, e.occurred_at), false, e.recorded_at};
    clock = reading.now;
    auto decided = decide(std::move(state), {e.id.value}, e, settings, rules, reading);
    result.stored += decided.events.size();
    state = std::move(decided.next);
  }
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  result.microseconds = took.count() / static_cast<double>(events.size());
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: rules_cost FILE.ndjson\n";
    return 2;
  }
  const auto rules = built_in();
  const auto events = bench::read_history(argv[1]);
  if (events.empty()) {
    std::cerr << "no events in " << argv[1] << "\n";
    return 1;
  }
  fmt::print("{} events, {} rules\n", events.size(), rules.all().size());
  for (int round = 1; round <= 3; ++round) {
    const auto without = decide_all(events, nullptr);
    const auto with = decide_all(events, &rules);
    fmt::print("round {}: {:.2f} us an event without rules ({} stored), {:.2f} us with ({} stored); rules and what follows from them {:.2f} us, ratio {:.2f}\n",
               round, without.microseconds, without.stored, with.microseconds, with.stored, with.microseconds - without.microseconds,
               with.microseconds / without.microseconds);
  }
}
