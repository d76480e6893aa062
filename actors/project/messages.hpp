// What the directory and the projects tell each other.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "actors/core/messages.hpp"
#include "actors/project/commands.hpp"
#include "actors/project/ingestion.hpp"
#include "domain/project/project.hpp"
#include "eventstore/index/dead_letters.hpp"

namespace plo::actors {

/// → directory: events from one sender, handled in order.
struct ingest_request {
  std::shared_ptr<std::vector<ingest_item>> items;
};

/// → directory: say when nothing is on its way any more.
struct idle_request {
  completion<bool> then;
};

/// One input of a project: an event that lacks only the entity's decision, or nothing but the passing of time.
struct project_input {
  ticket number = 0;
  std::optional<event> input;         // none: deadlines may have passed
  clock_reading clock;                // of the event clock; on the wall clock the entity reads it
  std::optional<eventstore::dead_letter_entry> letter;  // the dead letter this input was until now
  std::optional<letter_decision> attached_by;  // by hand
  bool other_rules = false;           // `input` says that the rules have changed: kept only if it brings a deadline nearer
  std::optional<instant> armed;       // the deadline known so far, for `other_rules`
  ingest_completion reply;
  command_completion done;
};

using project_inputs = entity_inputs<project_input>;

/// entity → directory: these inputs are committed, or will never be. A failed entity is gone.
struct inputs_settled {
  project_id project;
  std::vector<ticket> tickets;
  bool committed = false;
  std::vector<ticket> refused;      // among them: of these nothing was stored, and the entity lives on
  std::optional<instant> next_due;  // when the project must be woken
};

/// entity → directory, on the event clock: these inputs are decided. What comes next need not wait for the disk.
struct inputs_decided {
  project_id project;
  std::vector<ticket> tickets;
  std::optional<instant> next_due;
};

/// → directory: an operator's command for a project.
struct command_request {
  project_id project;            // nil: a new one, which `input` creates
  std::shared_ptr<event> input;  // without id; occurs now unless it says when
  command_completion done;
};

/// → directory: what an operator decides about a dead letter.
struct letter_request {
  eventstore::dead_letter_entry letter;
  std::optional<project_id> project;  // to attach it to; none: it is discarded
  letter_decision by;
  command_completion done;
};

/// → directory: a customer's personal data is to be erased.
struct erase_request {
  std::string customer_id;
  command_stamp by;
  std::string comment;
  command_completion done;
};

/// directory → itself: look at the clock.
struct clock_tick {};

}  // namespace plo::actors

PLO_LOCAL_MESSAGE(plo::actors::ingest_request)
PLO_LOCAL_MESSAGE(plo::actors::idle_request)
PLO_LOCAL_MESSAGE(plo::actors::project_inputs)
PLO_LOCAL_MESSAGE(plo::actors::inputs_settled)
PLO_LOCAL_MESSAGE(plo::actors::inputs_decided)
PLO_LOCAL_MESSAGE(plo::actors::command_request)
PLO_LOCAL_MESSAGE(plo::actors::letter_request)
PLO_LOCAL_MESSAGE(plo::actors::erase_request)
PLO_LOCAL_MESSAGE(plo::actors::clock_tick)
