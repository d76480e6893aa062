// Events of older versions. Stored bytes never change: what was written under an older schema is brought up to the
// present one each time it is read.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "domain/event/event.hpp"

namespace plo {

/// How to take an event of one type and schema version one version up; it may rename the type.
using upcast_step = std::function<event(event)>;

class upcasters {
public:
  /// `step` turns `type` at `version` into version + 1. An event without a step of its own goes up unchanged.
  void add(std::string type, std::uint16_t version, upcast_step step);

  /// The event in the terms of `version`; one of a newer version stays as it is.
  [[nodiscard]] event apply(event e, std::uint16_t version) const;

private:
  std::map<std::pair<std::string, std::uint16_t>, upcast_step> steps_;
};

/// The steps from every version that was ever written.
[[nodiscard]] const upcasters& known_upcasters();

/// True when the event must be upcast before it can be folded.
[[nodiscard]] bool is_outdated(const event& e);

/// The event in the terms of current_schema_version and today's type names.
[[nodiscard]] event upcast(event e);

}  // namespace plo
