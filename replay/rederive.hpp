// Runs `decide` over the whole history again and compares what follows with what was stored.
//
// Every input of a project (what a source sent, what an operator did, a deadline that passed, other rules) is decided in log order with
// the state, the rules and the clock of that moment; each event that comes of it must be the one that stands in the log, field by field.
// And the project of every event that a source sent is found again: it must stand in that project's stream, or among the dead letters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/project/decider.hpp"
#include "domain/project/finding.hpp"
#include "domain/project/project.hpp"
#include "eventstore/log.hpp"
#include "replay/progress.hpp"

namespace plo::replay {

/// A place where the log holds something else than what follows from what stands before it.
struct difference {
  position at;           // of the stored event; of what is missing, the place where it should stand
  project_id project;
  std::string what;      // a sentence
  std::string expected;  // JSON of the event that follows; empty: none
  std::string stored;    // JSON of the event in the log; empty: none
};

struct rederive_options {
  domain_settings settings;           // zone, country and calendars that the server ran with
  bool wall_at_first = true;          // which clock ran before the log says; for logs that no server began
  std::uint32_t decider_at_first = first_decider;  // likewise, whose decisions they are
  std::optional<finding_settings> finding_at_first;  // likewise, how projects were found; none: another way
  std::size_t max_states = 20'000;    // projects kept in memory
  std::size_t most_differences = 100;  // that are told
  replay::progress progress;
};

struct rederive_report {
  std::uint64_t events = 0;      // read
  std::uint64_t inputs = 0;      // decided again
  std::uint64_t rederived = 0;   // events that came out as they are stored
  std::uint64_t erased = 0;      // of these, how many differ in personal values that are not there any more
  std::uint64_t undecidable = 0;  // differences in projects with such values: a condition may have read what nobody can read any more
  std::uint64_t clock_moves = 0;  // times that the event clock had been moved on by something that is not in the log
  std::uint64_t other_decider = 0;  // events of projects that an older engine decided: taken as they stand
  std::uint64_t routed = 0;      // events of sources that stand where they belong
  std::uint64_t other_finding = 0;  // events of sources whose projects an older engine found
  std::vector<difference> differences;
  std::uint64_t differences_total = 0;
  [[nodiscard]] bool ok() const { return differences_total == 0; }
};

[[nodiscard]] rederive_report rederive(const eventstore::log& log, const rederive_options& options);

/// `{ok, events, inputs, rederived, erased, undecidable, clock_moves, other_decider, routed, other_finding, differences_total, differences: [{position, project_id, what, expected, stored}]}`
[[nodiscard]] std::string to_json(const rederive_report& report);

}  // namespace plo::replay
