// What the process tells its caller.
#pragma once

namespace plo::app {

inline constexpr int done = 0;
inline constexpr int check_failed = 1;   // a check found something wrong
inline constexpr int bad_usage = 2;      // bad usage or configuration
inline constexpr int store_unusable = 3;

}  // namespace plo::app
