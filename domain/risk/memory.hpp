// What has been learnt of legs, and where it is kept: by key, from all legs of a kind down to the narrowest lane.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "domain/risk/legs.hpp"
#include "domain/risk/pace.hpp"

namespace plo::risk {

/// Of a lane its pace, of a kind what its lanes share, of announcements and promises how late they were kept.
using learnt = std::variant<pace, trend, durations>;

[[nodiscard]] std::string encode(const learnt& l);
/// Empty for bytes that `encode` did not write.
[[nodiscard]] std::optional<learnt> decode(std::string_view bytes);

/// Where what is learnt is kept. What it gives stays valid for the call that asks.
class memory {
public:
  virtual ~memory() = default;
  /// Null where there is nothing.
  [[nodiscard]] virtual const learnt* find(const std::string& key) const = 0;
  /// To be changed; a new one is `fresh`. Null where there is no room for it.
  [[nodiscard]] virtual learnt* change(const std::string& key, const learnt& fresh) = 0;

  template <class T>
  [[nodiscard]] const T* find_as(const std::string& key) const {
    const auto* found = find(key);
    return found != nullptr ? std::get_if<T>(found) : nullptr;
  }
};

/// An ended leg teaches all lanes it belongs to.
void learn(memory& known, const leg_observation& ended);

/// How long a leg takes for which the promise leaves `allowed` when it begins. Without `this_lane` as all legs of the kind do.
[[nodiscard]] expectation expected(const memory& known, const leg& l, std::optional<milliseconds> allowed, instant now, bool this_lane = true);
/// How late what was announced is, from `expected_lateness()` and what was seen. Slices as in `counted_lateness`.
[[nodiscard]] spread expected_error(const memory& known, const leg& l, bool this_lane = true);

/// The legs that were seen of a kind, and on the narrowest lane that is known.
[[nodiscard]] double seen_of(const memory& known, leg_kind kind);
[[nodiscard]] double seen_nearest(const memory& known, const leg& l);

}  // namespace plo::risk
