// Dead letters as events: what was kept when no project could be found, and its return.
#pragma once

#include <string>

#include <tl/expected.hpp>

#include "actors/project/commands.hpp"
#include "domain/event/event.hpp"
#include "domain/event/ingest_event.hpp"
#include "domain/project/finding.hpp"
#include "eventstore/index/dead_letters.hpp"
#include "eventstore/log.hpp"

namespace plo::actors {

/// The request that stores a `dead_letter.added`: the whole ingest event is in its data, so that nothing is lost.
/// The letter's id is `id`, which is also the id of the event.
[[nodiscard]] eventstore::append_request dead_letter_request(const ingest_event& e, const dead_letter_id& id,
                                                             const dead_letter_cause& cause, instant now, position looked_at);

/// The request that stores an `ingest.conflict`: the same source + source_ref came again with another payload.
[[nodiscard]] eventstore::append_request conflict_request(const ingest_event& e, const recorded_event& first,
                                                          const std::string& digest, instant now);

/// The ingest event a `dead_letter.added` keeps; the error says what is wrong with its data, or that it is larger than events may be now.
[[nodiscard]] tl::expected<ingest_event, std::string> ingest_event_of(const recorded_event& added, const ingest_limits& limits);

/// The kind, reason and payload a `dead_letter.added` keeps; texts are empty when its data is not what it should be.
struct dead_letter_details {
  std::string reason, event_type, project_ref, payload;
};
[[nodiscard]] dead_letter_details details_of(const recorded_event& added);

/// Adds to a project's append that a dead letter is attached by it: by itself, or by an operator's hand.
void add_attachment(const eventstore::dead_letter_entry& letter, const project_id& project, const event& attached,
                    const std::optional<letter_decision>& by, eventstore::append_request& request);

/// The request that stores an operator's `dead_letter.discarded`.
[[nodiscard]] eventstore::append_request discard_request(const eventstore::dead_letter_entry& letter, const letter_decision& by, instant now);

/// BLAKE2b-128 of a payload, in hex.
[[nodiscard]] std::string payload_digest(std::string_view payload);

}  // namespace plo::actors
