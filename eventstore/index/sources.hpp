// Which source events the log holds: `source` and `source_ref` are stored once.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "eventstore/index/log_index.hpp"
#include "eventstore/log.hpp"

namespace plo::eventstore {

/// The type of the event that keeps a source's contradiction: stored once for each differing payload, whose `digest` is in its data.
inline constexpr std::string_view conflict_type = "ingest.conflict";

[[nodiscard]] std::shared_ptr<const log_index> make_source_index();

/// Where a source's event was stored first: in a project's stream, or among the dead letters.
[[nodiscard]] std::optional<position> find_source_event(const log& log, std::string_view source, std::string_view source_ref);
/// Whether this very conflict (same source event, same differing payload) is on record.
[[nodiscard]] bool knows_conflict(const log& log, std::string_view source, std::string_view source_ref, std::string_view digest);

}  // namespace plo::eventstore
