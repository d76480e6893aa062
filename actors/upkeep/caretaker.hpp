// Looks after the stores while nobody waits for it: makes sure that what was erased is on no disk, and moves the events of projects that
// were closed long ago to archive segments.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "actors/core/messages.hpp"
#include "actors/core/metrics.hpp"
#include "actors/engine.hpp"
#include "domain/event/event.hpp"
#include "eventstore/log.hpp"
#include "projections/core/read_models.hpp"
#include "projections/project/projects.hpp"

namespace plo::actors {

struct caretaker_environment {
  eventstore::log* log = nullptr;
  projections::read_models* models = nullptr;
  engine_metrics* metrics = nullptr;
  retention_options retention;
};

class caretaker_state {
public:
  static inline const char* name = "caretaker";

  void init(caf::event_based_actor* self, caretaker_environment environment);
  void open(const caf::actor& committer);
  void on_projected(const events_projected& projected);
  void archive();
  void on_appended(const append_done& done);

private:
  struct segment;
  void purge();
  [[nodiscard]] std::uint32_t next_segment() const;
  void collect(segment& into);
  void add_project(const project_id& id, segment& into);
  void verify(const segment& written) const;

  caf::event_based_actor* self_ = nullptr;
  caretaker_environment environment_;
  caf::actor committer_;
  std::map<std::string, std::optional<projections::list_place>> looked_at_;  // status → behind it nothing was looked at since the start
};

/// engine → caretaker: this is where to store.
struct open_caretaker {
  caf::actor committer;
};

/// caretaker → itself: look for what can be archived.
struct archive_tick {};

/// A detached actor: it waits for the disk.
caf::behavior caretaker(caf::stateful_actor<caretaker_state>* self, caretaker_environment environment);

}  // namespace plo::actors

PLO_LOCAL_MESSAGE(plo::actors::open_caretaker)
PLO_LOCAL_MESSAGE(plo::actors::archive_tick)
