#include "app/webhooks.hpp"

#include <stdexcept>

#include <fmt/format.h>

namespace plo::app {

std::unique_ptr<actors::webhook_publisher> start_webhooks(const config::settings& settings, actors::engine& engine) {
  std::vector<actors::webhook_subscription> all;
  for (const auto& [name, from] : settings.webhooks) {
    for (const auto& event : from.events)
      if (!actors::is_stream_event(event)) throw std::runtime_error(fmt::format("webhooks.{}: there is no event '{}' to subscribe to", name, event));
    const auto& way = from.way;
    all.push_back({name, {way.url, way.secret, way.ca_file.string(), way.timeout}, from.events});
  }
  const auto& n = settings.notifications;
  const actors::webhook_environment environment{&engine.log(), &engine.stream(), &engine.applied(), engine.stores(),
                                                [&engine](stream_id stream, event note, std::function<void()> on_stored) {
                                                  engine.record(std::move(stream), std::move(note), std::move(on_stored));
                                                }};
  return std::make_unique<actors::webhook_publisher>(environment, std::move(all), actors::patience{n.retry_base, n.retry_cap, n.give_up_after});
}

}  // namespace plo::app
