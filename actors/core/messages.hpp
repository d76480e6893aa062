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

/// What became of an input that was on its way to an entity.
enum class settlement {
  stored,          // durable
  nothing_stored,  // decided, and nothing had to be kept: the state refused it, or there was nothing to do
  misrouted,       // it was sent on the strength of what has turned out not to be: nothing was stored, and it belongs somewhere else
  rejected,        // what follows from it cannot be kept, nor could it be the next time; nothing was stored
  failed,          // nothing was stored, and the next time it may be
  unknown,         // the entity or the store broke while it was being stored: the log will say
};

/// Whether the entity has come to a decision on it that stands.
[[nodiscard]] constexpr bool is_decided(settlement what) { return what == settlement::stored || what == settlement::nothing_stored; }

struct settled_input {
  ticket number = 0;
  settlement what = settlement::unknown;
};

/// entity → router: what became of inputs.
template <class Id>
struct inputs_settled {
  Id id;
  std::vector<settled_input> inputs;
  std::optional<instant> next_due = {};  // of those that are decided: when the entity must be woken
  std::optional<settlement> rest = {};   // the entity is gone, and this is what became of whatever else was on its way to it
};

/// entity → router, where the clock waits for decisions: these inputs are decided. What comes next need not wait for the disk.
template <class Id>
struct inputs_decided {
  Id id;
  std::vector<ticket> tickets;
  std::optional<instant> next_due;
};

/// router's actor → itself: look at the clock.
struct clock_tick {};

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

/// projection runner → eraser: nothing is being built any more.
struct views_built {};

/// projection runner → stream hub, outbox and eraser: the read models hold these events now.
struct events_projected {
  std::shared_ptr<const std::vector<recorded_event>> events;
};

}  // namespace plo::actors

PLO_LOCAL_MESSAGE(plo::actors::clock_tick)
PLO_LOCAL_MESSAGE(plo::actors::reload_entity)
PLO_LOCAL_MESSAGE(plo::actors::append_job)
PLO_LOCAL_MESSAGE(plo::actors::append_done)
PLO_LOCAL_MESSAGE(plo::actors::flush)
PLO_LOCAL_MESSAGE(plo::actors::log_grown)
PLO_LOCAL_MESSAGE(plo::actors::follow_again)
PLO_LOCAL_MESSAGE(plo::actors::build_on)
PLO_LOCAL_MESSAGE(plo::actors::views_built)
PLO_LOCAL_MESSAGE(plo::actors::events_projected)
