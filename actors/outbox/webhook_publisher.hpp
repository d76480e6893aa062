// Event webhooks: other systems are told of chosen events as they happen, at least once, in the order of each project.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/core/applied_gate.hpp"
#include "actors/outbox/settings.hpp"
#include "actors/views/stream_feed.hpp"
#include "eventstore/log.hpp"

namespace plo::actors {

/// Somebody who wants to be told.
struct webhook_subscription {
  std::string name;  // known to the log: what it has got is kept under it
  webhook_route route;
  std::vector<std::string> events;  // names of the live stream
};

/// The names that can be subscribed to.
[[nodiscard]] bool is_stream_event(std::string_view name);

struct webhook_counts {
  std::string name;
  std::atomic<std::uint64_t> delivered{0}, failed_attempts{0}, given_up{0};
  std::atomic<std::uint64_t> position{0};  // everything up to here has left
  std::atomic<std::uint64_t> waiting{0};
};

/// Where events come from and where it is noted how far they have left. All outlives the publisher.
struct webhook_environment {
  const eventstore::log* log = nullptr;
  stream_feed* stream = nullptr;
  applied_gate* applied = nullptr;
  store_lookup stores;
  std::function<void(stream_id, event, std::function<void()> on_stored)> record;  // as engine::record
};

/// One thread per subscription, from construction to destruction. A receiver that is down is waited for: the log is the buffer. A message that it
/// refuses again and again holds up its own project only, and is given up after `retries.give_up_after`.
class webhook_publisher {
public:
  webhook_publisher(const webhook_environment& environment, std::vector<webhook_subscription> subscriptions, patience retries);
  ~webhook_publisher();
  webhook_publisher(const webhook_publisher&) = delete;
  webhook_publisher& operator=(const webhook_publisher&) = delete;

  [[nodiscard]] std::vector<const webhook_counts*> counts() const;

private:
  class lane;
  std::vector<std::unique_ptr<lane>> lanes_;
};

}  // namespace plo::actors
