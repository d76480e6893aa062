// The read models against the log. Internal to verify.cpp.
#pragma once

#include "replay/verify.hpp"

namespace plo::replay {

[[nodiscard]] views_verdict verify_views(const verify_options& options);

}  // namespace plo::replay
