// Every message between actors, as named structs. Payloads are shared and immutable once sent, or moved whole.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "actors/caf_compat.hpp"
#include "actors/ingestion.hpp"
#include "domain/event.hpp"
#include "eventstore/log.hpp"

namespace plo::actors {

/// → directory: events from one sender, handled in order.
struct ingest_request {
  std::shared_ptr<std::vector<ingest_item>> items;
};

/// → directory: say when nothing is on its way any more.
struct idle_request {
  completion<bool> then;
};

/// Names an input that is on its way to an entity, until it is settled.
using ticket = std::uint64_t;

/// One input of a project: an event that lacks only the entity's decision.
struct project_input {
  ticket number = 0;
  event input;
  std::vector<reference> references;  // new to the project
  std::optional<eventstore::dead_letter_entry> letter;  // the dead letter this input was until now
  ingest_completion reply;
};

/// → entity: inputs in order.
template <class Input>
struct entity_inputs {
  std::shared_ptr<std::vector<Input>> inputs;
};
using project_inputs = entity_inputs<project_input>;

/// entity → directory: these inputs are committed, or will never be. A failed entity is gone.
struct inputs_settled {
  project_id project;
  std::vector<ticket> tickets;
  bool committed = false;
};

/// → committer: store this and tell `sender`.
struct append_job {
  std::shared_ptr<eventstore::append_request> request;
  caf::actor sender;
  ticket number = 0;  // comes back in the answer
};

/// committer → sender of the job: the events stand from `first` on, in the order of the request.
struct append_done {
  ticket number = 0;
  bool stored = false;
  position first;
};

/// committer → itself: store what has gathered.
struct flush {};

/// → projection runner: the log has grown.
struct log_grown {};

/// projection runner → stream hub: the read models hold these events now.
struct events_projected {
  std::shared_ptr<const std::vector<recorded_event>> events;
};

/// → scheduler: the project's next deadline; empty: none.
struct deadline_armed {
  project_id project;
  std::optional<instant> due;
};

/// scheduler → directory: the deadline has passed.
struct deadline_due {
  project_id project;
  instant due;
};

/// scheduler → itself: look at the clock.
struct clock_tick {};

}  // namespace plo::actors

PLO_LOCAL_MESSAGE(plo::actors::ingest_request)
PLO_LOCAL_MESSAGE(plo::actors::idle_request)
PLO_LOCAL_MESSAGE(plo::actors::project_inputs)
PLO_LOCAL_MESSAGE(plo::actors::inputs_settled)
PLO_LOCAL_MESSAGE(plo::actors::append_job)
PLO_LOCAL_MESSAGE(plo::actors::append_done)
PLO_LOCAL_MESSAGE(plo::actors::flush)
PLO_LOCAL_MESSAGE(plo::actors::log_grown)
PLO_LOCAL_MESSAGE(plo::actors::events_projected)
PLO_LOCAL_MESSAGE(plo::actors::deadline_armed)
PLO_LOCAL_MESSAGE(plo::actors::deadline_due)
PLO_LOCAL_MESSAGE(plo::actors::clock_tick)
