// Which decider this is. What an older one decided stays as it stands in the log; this one does not decide it again.
#pragma once

#include <cstdint>

namespace plo {

/// Counts up whenever `decide` makes other events of the same inputs. 2: tours and visits of their own, anomalies keyed by entity.
inline constexpr std::uint32_t decider_version = 2;
/// Of logs that do not say who decided.
inline constexpr std::uint32_t first_decider = 1;

}  // namespace plo
