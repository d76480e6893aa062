// Sends the notifications of one lane, one after the other.
#pragma once

#include "actors/outbox/messages.hpp"

namespace plo::actors {

struct outbox_sender_state {
  static inline const char* name = "outbox_sender";
  std::uint64_t round = 0;  // jobs of earlier rounds are given back untried
};

struct outbox_sender_environment {
  const eventstore::log* log = nullptr;
  message_composer compose;
  std::shared_ptr<carrier> way;
  const std::atomic<bool>* stopping = nullptr;
};

/// A detached actor: its carrier blocks. What a message says is composed here too, from what the log knew when it was requested.
caf::behavior outbox_sender(caf::stateful_actor<outbox_sender_state>* self, outbox_sender_environment environment);

}  // namespace plo::actors
