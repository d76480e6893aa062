// The legs of a delivery whose durations are learnt, and what an event teaches about them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/project/project.hpp"
#include "domain/risk/durations.hpp"

namespace plo::risk {

enum class leg_kind : std::uint8_t {
  preparation,  // confirmed → left its source
  transit,      // left its source → at the station
  last_mile,    // at the station → delivered
  through,      // left its source → delivered, where nobody reports an arrival at a station
  // Announcements and promises, by `counted_lateness`.
  eta_error,   // how much later than announced a shipment arrives
  slot_error,  // how much later than the end of its slot a delivery is made
  lateness,    // how much later than promised an order is delivered
};

/// The first slice stands for what was in time; what is late by any time counts a slice more.
[[nodiscard]] milliseconds counted_lateness(milliseconds late);

/// A leg and what may make its duration differ, the most telling first: of a way destination, carrier and origin.
struct leg {
  leg_kind kind = leg_kind::transit;
  std::vector<std::string> features;
};

/// The names under which its durations are counted, from all legs of the kind to those that share every feature.
[[nodiscard]] std::vector<std::string> keys_of(const leg& l);

struct leg_observation {
  leg what;
  milliseconds took{};
  instant at{};  // when it ended
  std::optional<milliseconds> allowed = {};  // what the promise left for it when it began; empty without a promise and where it was broken by then
};

/// How far every order had come at some moment, to be compared with later.
struct progress {
  struct of_shipment {
    std::optional<instant> dispatched, arrived;
  };
  struct of_order {
    std::vector<of_shipment> shipments;
    std::optional<instant> dispatched, delivered;
  };
  std::vector<of_order> orders;
};

/// Whether an event may end a leg; others need no comparison.
[[nodiscard]] bool may_end_a_leg(const event& e);
[[nodiscard]] progress progress_of(const project_state& state);
/// The legs that ended between `before` and `after`.
[[nodiscard]] std::vector<leg_observation> ended_legs(const progress& before, const project_state& after, const domain_settings& settings);

/// The way of a shipment, and of an order whose shipment is not known yet.
[[nodiscard]] leg way_of(leg_kind kind, const project_state& state, const shipment* s);
[[nodiscard]] leg preparation_of(const order& o);
[[nodiscard]] leg last_mile_of(const project_state& state, const shipment* s);

/// The shipment that left last; null when none has.
[[nodiscard]] const shipment* last_dispatched(const order& o);

/// The end of a day in the server's zone.
[[nodiscard]] instant end_of(local_day day, const project_state& project, const domain_settings& settings);

/// What an order's promise, else the project's, leaves from `begun` on; empty without one and where it is broken by then.
[[nodiscard]] std::optional<milliseconds> allowed_from(instant begun, const project_state& state, const order& o, const domain_settings& settings);

}  // namespace plo::risk
