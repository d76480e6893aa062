// The probability that a project misses its promised delivery date, from how far it has come and how long such legs took so far.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/risk/memory.hpp"

namespace plo::risk {

/// One reason for an estimate.
struct risk_fact {
  std::string_view name;  // "time_left" | "history" | "elapsed" | "announced" | "open_orders"
  double weight = 0;      // what it changes in the log odds of being late; positive: later
  std::string detail;     // a sentence for people
};

struct estimate {
  double probability = 0;
  std::vector<risk_fact> facts;  // those that weigh most, at most three
};

/// Empty where there is nothing to miss: no promised date, nothing ordered, all delivered, closed or cancelled. `now` is the time
/// of the estimate. Without `with_facts` only the probability is worked out.
[[nodiscard]] std::optional<estimate> estimate_risk(const project_state& state, const memory& known, const domain_settings& settings,
                                                    instant now, bool with_facts);

}  // namespace plo::risk
