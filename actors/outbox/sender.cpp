#include "actors/outbox/sender.hpp"

#include <new>

#include <spdlog/spdlog.h>

#include "actors/core/lifeline.hpp"

namespace plo::actors {

namespace {

attempt failure(std::string error, bool for_good) {
  attempt result;
  result.error = std::move(error);
  result.try_again = !for_good;
  result.way_was_free = for_good;
  if (for_good) result.refused.push_back({"", result.error});
  return result;
}

attempt try_one(const outbox_sender_environment& environment, const outbox_item& item) {
  try {
    const auto requested = environment.log->at(item.requested);
    const auto request = requested ? read_notification_request(*requested) : std::nullopt;
    if (!request) return failure("the request cannot be read", true);
    const auto says = environment.compose(*request, *requested);
    return environment.way->carry({*request, *says, item});
  } catch (const eventstore::store_error& broken) {
    return failure(broken.what(), false);
  } catch (const std::bad_alloc& broken) {
    return failure(broken.what(), false);
  } catch (const std::exception& broken) {
    // It would come out the same each time.
    spdlog::error("notification {} cannot be composed: {}", item.id.to_string(), broken.what());
    return failure(broken.what(), true);
  }
}

}  // namespace

caf::behavior outbox_sender(caf::stateful_actor<outbox_sender_state>* self, outbox_sender_environment environment) {
  die_of_exceptions(self);
  return {
      [self, environment](delivery_job& job) {
        delivery_result result{std::move(job.lane), std::move(job.item), false, {}};
        if (!*environment.stopping && job.round >= self->state.round) {
          result.outcome = try_one(environment, result.item);
          result.tried = !result.outcome.cut_short;
          // Whatever else was sent out by now would fail alike.
          if (!result.outcome.way_was_free) self->state.round = job.round + 1;
        }
        self->send(caf::actor_cast<caf::actor>(self->current_sender()), std::move(result));
      },
  };
}

}  // namespace plo::actors
