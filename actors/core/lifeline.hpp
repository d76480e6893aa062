// What happens when an actor dies: an exception that leaves a handler ends the actor, and whoever sends to it waits for ever.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "actors/core/caf_compat.hpp"

namespace plo::actors {

/// Calls `told` with the reason when the actor ends otherwise than by itself or by being stopped. On the thread where it ends.
void tell_of_death(const caf::actor& actor, std::function<void(const std::string& reason)> told);

/// Writes one critical line and ends the process at once with exit status 3, as where the store cannot be used: what was acknowledged is in
/// the log, and whoever supervises the process starts it again.
[[noreturn]] void end_process(std::string_view who, const std::string& reason);

/// The process ends with an actor without which nothing is taken, stored or shown any more.
void live_or_die_with(const caf::actor& actor, std::string name);

/// An exception that leaves a handler ends the actor with what it says as the reason. Call first of all in the actor's function.
template <class Self>
void die_of_exceptions(Self* self) {
  self->set_exception_handler([](caf::scheduled_actor*, std::exception_ptr& thrown) -> caf::error {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& failure) {
      return caf::make_error(caf::sec::runtime_error, std::string(failure.what()));
    } catch (...) {
      return caf::make_error(caf::sec::runtime_error, std::string("an exception of an unknown kind"));
    }
  });
}

}  // namespace plo::actors
