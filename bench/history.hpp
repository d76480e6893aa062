// Real events from a file, as the benches decide them: in memory, on the event clock.
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "domain/event/ingest_event.hpp"
#include "domain/project/project.hpp"

namespace plo::bench {

/// The ingest events of an NDJSON file; lines that are none are passed over. Projects are told apart by project_ref.
inline std::vector<event> read_history(const std::string& file) {
  std::ifstream in(file);
  std::vector<event> events;
  static const event_type_map none;
  ingest_scope scope;
  scope.map_of = [](std::string_view) { return &none; };
  for (std::string line; std::getline(in, line);) {
    const auto parsed = parse_ingest_event(line, scope);
    if (!parsed) continue;
    event e;
    e.id = {make_uuid_v7(parsed->occurred_at.time_since_epoch().count())};
    e.type = parsed->type;
    e.source = parsed->source;
    e.source_ref = parsed->source_ref;
    e.occurred_at = e.recorded_at = parsed->occurred_at;
    e.project_ref = parsed->project_ref;
    e.order_ref = parsed->order_ref;
    e.data = parsed->payload;
    events.push_back(std::move(e));
  }
  return events;
}

}  // namespace plo::bench
