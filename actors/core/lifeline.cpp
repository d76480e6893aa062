#include "actors/core/lifeline.hpp"

#include <cstdlib>

#include <spdlog/spdlog.h>

#include "base/printable.hpp"

namespace plo::actors {

namespace {

constexpr int exit_status = 3;

bool is_meant(const caf::error& reason) {
  if (!reason) return true;
  for (const auto stop : {caf::exit_reason::normal, caf::exit_reason::user_shutdown, caf::exit_reason::unreachable})
    if (reason == stop) return true;
  return false;
}

}  // namespace

void tell_of_death(const caf::actor& actor, std::function<void(const std::string& reason)> told) {
  caf::actor_cast<caf::abstract_actor*>(actor)->attach_functor([told = std::move(told)](const caf::error& reason) {
    if (!is_meant(reason)) told(caf::to_string(reason));
  });
}

void end_process(std::string_view who, const std::string& reason) {
  spdlog::critical("the {} has died: {}; the process ends, so that it can be started again", who, printable(reason, 1000));
  spdlog::default_logger()->flush();
  std::_Exit(exit_status);
}

void live_or_die_with(const caf::actor& actor, std::string name) {
  tell_of_death(actor, [name = std::move(name)](const std::string& reason) { end_process(name, reason); });
}

}  // namespace plo::actors
