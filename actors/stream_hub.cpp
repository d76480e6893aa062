#include "actors/stream_hub.hpp"

namespace plo::actors {

caf::behavior stream_hub(caf::stateful_actor<stream_hub_state>*, stream_feed* feed, store_lookup store_of) {
  return {
      [=](const events_projected& projected) {
        feed->publish(messages_of(*projected.events, store_of), projected.events->back().pos);
      },
  };
}

}  // namespace plo::actors
