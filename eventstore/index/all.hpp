// The indexes of PLO's log.
#pragma once

#include "eventstore/index/log_index.hpp"

namespace plo::eventstore {

[[nodiscard]] const index_list& all_indexes();

}  // namespace plo::eventstore
