// What must hold for any body at all. Shared by the fuzzer and by the replay of its corpus.
#pragma once

#include <string_view>

namespace plo::fuzz {

/// Parses the body as from any source; aborts with a message when a promise is broken.
void check_ingest(std::string_view body);

/// Parses each line as a body and lets one project decide on those that are accepted.
void check_decide(std::string_view lines);

}  // namespace plo::fuzz
