// The projects of the demo: every stage, every kind of trouble, and some that are about to get into it.
#pragma once

#include <cstdint>
#include <vector>

#include "app/scenario/script.hpp"

namespace plo::app::scenario {

/// The events of about 300 projects up to `now`, by time. The same seed and `now` give the same events.
[[nodiscard]] std::vector<source_event> demo_history(instant now, const zone& tz, std::uint64_t seed);

/// A script whose trouble comes at `when` or shortly before.
[[nodiscard]] script script_with_trouble_at(script_options options, instant when, std::uint64_t seed);

}  // namespace plo::app::scenario
