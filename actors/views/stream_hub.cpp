#include "actors/views/stream_hub.hpp"

#include "actors/core/lifeline.hpp"

namespace plo::actors {

caf::behavior stream_hub(caf::stateful_actor<stream_hub_state>* self, stream_feed* feed, store_lookup store_of) {
  die_of_exceptions(self);
  return {
      [=](const events_projected& projected) {
        const auto upto = projected.events->back().pos;
        // Nobody listens: whoever comes later with a place of their own reads the log from there.
        if (feed->subscribers() == 0) return feed->start_at(upto);
        feed->publish(messages_of(*projected.events, store_of), upto);
      },
  };
}

}  // namespace plo::actors
