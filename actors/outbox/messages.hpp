// What the outbox is told and what it says to its senders.
#pragma once

#include <string>

#include "actors/core/commands.hpp"
#include "actors/core/messages.hpp"
#include "actors/outbox/carrier.hpp"
#include "domain/event/command_stamp.hpp"

namespace plo::actors {

/// → outbox: begin. Until then it only listens.
struct open_outbox {
  caf::actor committer;
};

/// outbox → sender of a lane.
struct delivery_job {
  std::string lane;
  std::uint64_t round = 0;
  outbox_item item;
};

/// sender → outbox.
struct delivery_result {
  std::string lane;
  outbox_item item;
  bool tried = false;
  attempt outcome;
};

/// → outbox: send a failed notification again.
struct retry_notification {
  notification_id id;
  command_stamp by;
  command_completion done;
};

/// → outbox: say when everything that the views hold is dealt with, where nobody is told; or stop, and say when nothing is under way.
struct drain_outbox {
  bool stop = false;
  completion<bool> then;
};

/// outbox → itself: look again.
struct outbox_tick {};

}  // namespace plo::actors

PLO_LOCAL_MESSAGE(plo::actors::open_outbox)
PLO_LOCAL_MESSAGE(plo::actors::delivery_job)
PLO_LOCAL_MESSAGE(plo::actors::delivery_result)
PLO_LOCAL_MESSAGE(plo::actors::retry_notification)
PLO_LOCAL_MESSAGE(plo::actors::drain_outbox)
PLO_LOCAL_MESSAGE(plo::actors::outbox_tick)
