// The facts that rules read (RULES.md, "Facts named"), taken from a project's state when somebody asks for them.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "domain/project/entity.hpp"
#include "domain/project/project.hpp"
#include "domain/rules/jsonlogic.hpp"
#include "domain/rules/rule_set.hpp"

namespace plo::rules {

/// One view of a project: everything is optional but the state. Refers to its parts, which must outlive it.
class project_facts final : public fact_source {
public:
  project_facts(const project_state& state, const domain_settings& settings, instant now)
      : state_(&state), settings_(&settings), now_(now) {}

  /// The event that is judged, and the state before it (when it was kept).
  void about(const event& e, const project_state* before) {
    event_ = &e;
    before_ = before;
    payload_.reset();
  }
  /// What is judged. Where it says nothing of tour and visit, the ones that matter now are meant.
  void about_entity(const entity& e) { entity_ = e; }
  void about_rule(const effective_rule& r) { rule_ = &r; }
  void about_anomaly(const anomaly& a) { anomaly_ = &a; }
  /// Rules that the event has triggered so far: `event.raised`.
  void raised(std::span<const std::string> rule_ids) { raised_ = rule_ids; }

  [[nodiscard]] value get(fact_path path, arena& memory) const override;
  [[nodiscard]] const project_state& state() const { return *state_; }

private:
  [[nodiscard]] value event_fact(fact_path path, arena& memory) const;
  [[nodiscard]] value payload_fact(fact_path path, arena& memory) const;
  /// What is judged, as it was before the event.
  [[nodiscard]] entity as_before() const;

  const project_state* state_;
  const domain_settings* settings_;
  instant now_;
  const event* event_ = nullptr;
  const project_state* before_ = nullptr;
  entity entity_;
  const effective_rule* rule_ = nullptr;
  const anomaly* anomaly_ = nullptr;
  std::span<const std::string> raised_;
  mutable std::optional<json_document> payload_;  // parsed when first asked for
};

/// When a rule's deadline is due for the entity in turn, and nothing while its anchor has no value. What was cancelled has no deadlines.
[[nodiscard]] std::optional<instant> due_of(const effective_rule& rule, const project_state& state, const entity& e,
                                            const domain_settings& settings);

/// The working days of the place that the order's goods go to (without an order, those of the first whose address is understood), else of
/// the store's, else of the server's country.
[[nodiscard]] const business_calendar& calendar_of(const project_state& state, const order* o, const domain_settings& settings);

}  // namespace plo::rules
