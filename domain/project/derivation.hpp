// Collecting what follows from an input. Internal to decide.cpp and detect.cpp.
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/json.hpp"
#include "domain/project/project.hpp"

namespace plo {

/// Adds events behind the input at `cause`, and folds each as it is added.
class derivation {
public:
  derivation(decision& into, std::size_t cause, const domain_settings& settings)
      : into_(into), cause_(cause), settings_(settings) {}

  const event& add(std::string_view type, const json_writer& data) {
    const event& input = cause();
    event e;
    e.id = {derive_uuid(input.id.value, fmt::format("{}:{}", into_.events.size() - cause_, type))};
    e.type = type;
    e.kind = event_kind::derived;
    e.occurred_at = input.occurred_at;
    e.recorded_at = input.recorded_at;
    e.causation_id = input.id;
    e.correlation_id = input.correlation_id;
    e.data = data.str();
    // The state after is what a replay of the stored events gives, by construction.
    evolve(into_.next, e, settings_);
    return into_.events.emplace_back(std::move(e));
  }

  /// The input; a reference until the next event is added.
  [[nodiscard]] const event& cause() const { return into_.events[cause_]; }
  [[nodiscard]] const project_state& state() const { return into_.next; }
  [[nodiscard]] const domain_settings& settings() const { return settings_; }

private:
  decision& into_;
  std::size_t cause_;
  const domain_settings& settings_;
};

}  // namespace plo
