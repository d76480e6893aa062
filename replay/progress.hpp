// How far long work has got.
#pragma once

#include <cstdint>
#include <functional>

namespace plo::replay {

/// Called now and then; `total` may be an estimate. May be empty.
using progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

}  // namespace plo::replay
