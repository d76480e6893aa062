// Makes sure that what was erased is on no disk any more.
#pragma once

#include "actors/core/messages.hpp"
#include "eventstore/log.hpp"
#include "projections/core/read_models.hpp"

namespace plo::actors {

struct eraser_environment {
  eventstore::log* log = nullptr;
  projections::read_models* models = nullptr;
};

class eraser_state {
public:
  static inline const char* name = "eraser";

  void init(caf::event_based_actor* self, eraser_environment environment);
  void open(const caf::actor& committer);
  void on_projected(const events_projected& projected);
  /// Once no read model is being built any more: what it was made from, and the rows that answer meanwhile, may still say who it was.
  void purge_when_built();
  void on_views_built();

private:
  void purge();

  caf::event_based_actor* self_ = nullptr;
  eraser_environment environment_;
  caf::actor committer_;
  bool waits_ = false;
};

/// engine → eraser: this is where to store.
struct open_eraser {
  caf::actor committer;
};

/// A detached actor: it waits for the disk.
caf::behavior eraser(caf::stateful_actor<eraser_state>* self, eraser_environment environment);

}  // namespace plo::actors

PLO_LOCAL_MESSAGE(plo::actors::open_eraser)
