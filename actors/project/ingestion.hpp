// What goes into the engine and what comes out, free of any framework.
#pragma once

#include <string>
#include <vector>

#include "actors/core/completion.hpp"
#include "domain/event/ids.hpp"
#include "domain/event/ingest_event.hpp"

namespace plo::actors {

/// What became of one posted event.
struct ingest_reply {
  enum class outcome {
    stored,       // durable, with everything derived from it
    duplicate,    // source + source_ref were stored before: the ids are those of the first
    dead_letter,  // no project could be found; kept
    invalid,      // not stored: the project would become too large, or what follows could not be read back; `reason` and `errors` say why
    unavailable,  // not stored: the store refuses writes, or the engine stops
  };
  outcome what = outcome::unavailable;
  event_id event;
  project_id project;
  position pos;
  bool conflict = false;  // a duplicate whose payload differs
  dead_letter_id letter;
  std::string reason;
  std::vector<field_error> errors;
  std::vector<std::string> anomalies;  // ids raised by the event
};

using ingest_completion = completion<ingest_reply>;

struct ingest_item {
  ingest_event event;
  ingest_completion reply;
};

}  // namespace plo::actors
