// The default files that the binary carries with it; see plo_embed in config/CMakeLists.txt.
#pragma once

#include <string_view>

namespace plo::config::embedded {

extern const std::string_view calendars;  // config/calendars.toml

}  // namespace plo::config::embedded
