// Turns what the projections made of each batch into messages of the live stream.
#pragma once

#include "actors/core/messages.hpp"
#include "actors/views/stream_feed.hpp"

namespace plo::actors {

struct stream_hub_state {
  static inline const char* name = "stream_hub";
};

caf::behavior stream_hub(caf::stateful_actor<stream_hub_state>* self, stream_feed* feed, store_lookup store_of);

}  // namespace plo::actors
