#include "domain/event/upcast.hpp"

#include "domain/event/catalogue.hpp"

namespace plo {

void upcasters::add(std::string type, std::uint16_t version, upcast_step step) {
  steps_[{std::move(type), version}] = std::move(step);
}

event upcasters::apply(event e, std::uint16_t version) const {
  while (e.schema_version < version) {
    const std::uint16_t next = static_cast<std::uint16_t>(e.schema_version + 1);
    if (const auto step = steps_.find({e.type, e.schema_version}); step != steps_.end()) e = step->second(std::move(e));
    e.schema_version = next;
  }
  return e;
}

const upcasters& known_upcasters() {
  // Version 1 is the first and the present one, so nothing has had to be brought up yet.
  static const upcasters all;
  return all;
}

bool is_outdated(const event& e) {
  return e.schema_version < current_schema_version || canonical_type(e.type) != e.type;
}

event upcast(event e) {
  e = known_upcasters().apply(std::move(e), current_schema_version);
  if (const auto name = canonical_type(e.type); name != e.type) e.type = std::string(name);
  return e;
}

}  // namespace plo
