// How the stores are looked after.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/time.hpp"

namespace plo::actors {

/// When the events of closed entities leave the log for archive segments.
struct retention_options {
  milliseconds archive_after{0};  // since the last event of a closed one; 0: never
  milliseconds check_every{3'600'000};
  std::filesystem::path archive_dir;
  std::uint64_t segment_bytes = 64u << 20;  // a segment that is larger is finished
};

}  // namespace plo::actors
