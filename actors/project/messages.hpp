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
  std::optional<reference> known_by;  // how it was found, where that was still on its way to the project: if it came to nothing, so does this
  bool other_rules = false;           // `input` says that the rules have changed: kept only if it brings a deadline nearer
  std::optional<instant> armed;       // the deadline known so far, for `other_rules`
  ingest_completion reply;
  command_completion done;
};

using project_inputs = entity_inputs<project_input>;

using project_inputs_settled = inputs_settled<project_id>;
using project_inputs_decided = inputs_decided<project_id>;

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

}  // namespace plo::actors

PLO_LOCAL_MESSAGE(plo::actors::ingest_request)
PLO_LOCAL_MESSAGE(plo::actors::idle_request)
PLO_LOCAL_MESSAGE(plo::actors::project_inputs)
PLO_LOCAL_MESSAGE(plo::actors::project_inputs_settled)
PLO_LOCAL_MESSAGE(plo::actors::project_inputs_decided)
PLO_LOCAL_MESSAGE(plo::actors::command_request)
PLO_LOCAL_MESSAGE(plo::actors::letter_request)
PLO_LOCAL_MESSAGE(plo::actors::erase_request)
