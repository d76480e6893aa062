// The messages that every kind of entity, the committer and the read models exchange, as named structs. Payloads are shared and immutable
// once sent, or moved whole.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "actors/core/caf_compat.hpp"
#include "domain/event/event.hpp"
#include "eventstore/log.hpp"

namespace plo::actors {

/// Names an input that is on its way to an entity, until it is settled.
using ticket = std::uint64_t;

/// → entity: inputs in order.
template <class Input>
struct entity_inputs {
  std::shared_ptr<std::vector<Input>> inputs;
};

/// → entity: its stream reads differently from now on, because personal data in it was erased.
struct reload_entity {};

/// → committer: store this and tell `sender`.
struct append_job {
  std::shared_ptr<eventstore::append_request> request;
  caf::actor sender;
  ticket number = 0;  // comes back in the answer
  std::function<void()> on_stored;  // called by the committer before anything later is stored
};

/// committer → sender of the job: the events stand from `first` on, in the order of the request.
struct append_done {
  ticket number = 0;
  bool stored = false;
  position first;
  std::optional<eventstore::append_error> refused = {};  // by the log; empty as well where the store failed
};

/// committer → itself: store what has gathered.
struct flush {};

/// → projection runner: the log has grown.
struct log_grown {};

/// The projection runner → itself: what failed may go now.
struct follow_again {};

/// → projection runner: see whether read models are to be built anew, and go on with them.
struct build_on {};

/// projection runner → stream hub and outbox: the read models hold these events now.
struct events_projected {
  std::shared_ptr<const std::vector<recorded_event>> events;
};

}  // namespace plo::actors

PLO_LOCAL_MESSAGE(plo::actors::reload_entity)
PLO_LOCAL_MESSAGE(plo::actors::append_job)
PLO_LOCAL_MESSAGE(plo::actors::append_done)
PLO_LOCAL_MESSAGE(plo::actors::flush)
PLO_LOCAL_MESSAGE(plo::actors::log_grown)
PLO_LOCAL_MESSAGE(plo::actors::follow_again)
PLO_LOCAL_MESSAGE(plo::actors::build_on)
PLO_LOCAL_MESSAGE(plo::actors::events_projected)
