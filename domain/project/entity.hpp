// What rules judge and anomalies are about: a project, or one of its parts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/project/project.hpp"

namespace plo {

/// What a tour or a visit is called that no source has named.
inline constexpr std::string_view unnamed_lastmile = "lastmile";
inline constexpr std::string_view unnamed_installation = "installation";

/// The parts of a project that are looked at together. What is not given is found by the project's present: the tour and the visit that
/// matter now. Refers to the state that it was found in.
struct entity {
  event_scope scope = event_scope::project;
  const order* of_order = nullptr;
  const lastmile* tour = nullptr;
  const installation* visit = nullptr;
};

/// The latest tour that is not closed, else the latest; null without a tour.
[[nodiscard]] const lastmile* current_lastmile(const project_state& state);
/// The next visit that is not over, else the last one; null without a visit.
[[nodiscard]] const installation* current_installation(const project_state& state);

[[nodiscard]] const lastmile* find_lastmile(const project_state& state, std::string_view id);
[[nodiscard]] const installation* find_installation(const project_state& state, std::string_view id);

/// The tour or visit that the last event of its kind was folded into: the one it names, or the one that it was found to be about.
[[nodiscard]] const lastmile* lastmile_concerned(const project_state& state, std::string_view named);
[[nodiscard]] const installation* installation_concerned(const project_state& state, std::string_view named);

/// Everything that a rule of the scope looks at in turn.
[[nodiscard]] std::vector<entity> entities_of(event_scope scope, const project_state& state);
/// The entity of that name; without its part when the project has none such.
[[nodiscard]] entity find_entity(const entity_key& key, const project_state& state);

/// The name that anomalies and deadlines carry. What is not there is named by the project.
[[nodiscard]] std::string name_of(const entity& e, const project_state& state);
[[nodiscard]] inline entity_key key_of(const entity& e, const project_state& state) {
  return {e.scope, is_there_once(e.scope) ? std::string() : name_of(e, state)};
}

/// Nobody waits for it any more.
[[nodiscard]] bool is_cancelled(const entity& e);

}  // namespace plo
