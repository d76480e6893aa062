// Commands that carried an Idempotency-Key: what they were, and what to answer when they come again.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "projections/core/projection.hpp"

namespace plo::projections {

namespace families {
inline constexpr row_family idempotency{"idempotency", 2u << 20};
}

/// How long a key is kept, from the `recorded_at` of its event on.
inline constexpr std::chrono::hours idempotency_period{24};

struct idempotent_command {
  std::string digest;  // of the request
  unsigned status = 200;
  std::optional<std::string> answer;  // empty: the request records several events, and not all of them are known to be there
};

[[nodiscard]] std::unique_ptr<projection> make_idempotency();

/// The command of an operator that carried the key, if it is not older than the period.
[[nodiscard]] std::optional<idempotent_command> find_idempotent(const row_reader& views, std::string_view operator_id,
                                                                std::string_view key, instant now);
/// The position of one of the events of such a command.
[[nodiscard]] std::optional<position> find_idempotent_part(const row_reader& views, std::string_view operator_id,
                                                           std::string_view key, std::string_view part, instant now);

}  // namespace plo::projections
