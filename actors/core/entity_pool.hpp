// The live entities of one kind: spawned when first needed, put to rest least recently used.
#pragma once

#include <functional>
#include <list>
#include <unordered_map>

#include "actors/core/caf_compat.hpp"

namespace plo::actors {

/// Owned by the one actor that routes inputs to these entities; not thread-safe.
template <class Id>
class entity_pool {
public:
  using spawner = std::function<caf::actor(const Id&)>;
  entity_pool(std::size_t max_live, spawner spawn) : max_live_(max_live), spawn_(std::move(spawn)) {}

  /// The entity's actor, with one more input on its way to it.
  [[nodiscard]] caf::actor checkout(const Id& id) {
    auto found = slots_.find(id);
    if (found == slots_.end()) {
      recent_.push_front(id);
      found = slots_.emplace(id, slot{spawn_(id), 0, recent_.begin()}).first;
      rest_others();
    } else {
      recent_.splice(recent_.begin(), recent_, found->second.place);
    }
    ++found->second.on_their_way;
    return found->second.actor;
  }

  /// The entity's actor if it is live.
  [[nodiscard]] caf::actor live(const Id& id) const {
    const auto found = slots_.find(id);
    return found == slots_.end() ? caf::actor() : found->second.actor;
  }

  /// Inputs were settled.
  void checkin(const Id& id, std::size_t inputs) {
    if (const auto found = slots_.find(id); found != slots_.end())
      found->second.on_their_way -= std::min(inputs, found->second.on_their_way);
  }

  /// The entity has stopped by itself.
  void forget(const Id& id) {
    if (const auto found = slots_.find(id); found != slots_.end()) {
      recent_.erase(found->second.place);
      slots_.erase(found);
    }
  }

  [[nodiscard]] bool is_busy(const Id& id) const {
    const auto found = slots_.find(id);
    return found != slots_.end() && found->second.on_their_way > 0;
  }
  [[nodiscard]] std::size_t size() const { return slots_.size(); }

private:
  struct slot {
    caf::actor actor;
    std::size_t on_their_way = 0;
    typename std::list<Id>::iterator place;
  };

  /// Puts the least recently used idle entities to rest while too many are live. Busy ones stay: there are never more of them than
  /// inputs in flight, which the edge bounds.
  void rest_others() {
    auto candidate = recent_.end();
    while (slots_.size() > max_live_ && candidate != recent_.begin()) {
      --candidate;
      const auto found = slots_.find(*candidate);
      if (found->second.on_their_way > 0 || candidate == recent_.begin()) continue;
      caf::anon_send_exit(found->second.actor, caf::exit_reason::user_shutdown);
      slots_.erase(found);
      candidate = recent_.erase(candidate);
    }
  }

  std::size_t max_live_;
  spawner spawn_;
  std::unordered_map<Id, slot> slots_;
  std::list<Id> recent_;
};

}  // namespace plo::actors
