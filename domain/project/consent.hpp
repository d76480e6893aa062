// Who agrees to a partial delivery, and which tours that covers.
#pragma once

#include <optional>

#include "domain/project/project.hpp"

namespace plo {

/// A consent as it stands. One side's alone is kept and waits for the other; an order that is confirmed later ends both.
struct consent {
  std::optional<bool> customer;
  std::optional<bool> installer;
  std::optional<sighted> since;  // both agree
  [[nodiscard]] bool both() const { return since.has_value(); }
};

/// The consent to what is delivered next.
[[nodiscard]] consent consent_of(const project_state& state);

/// Since when the tour was agreed to deliver in part: by a consent that was given before an order was confirmed that the tour, set before,
/// knows nothing of. Empty: nobody agreed.
[[nodiscard]] std::optional<sighted> consented(const project_state& state, const lastmile& tour);

/// Whether something has left the station since the consent was given, which it then covers: it cannot be taken back any more. `by`: up to then.
[[nodiscard]] bool has_left(const project_state& state, const consent& agreed, std::optional<sighted> by = {});

/// When the tour was set: its slot, or where it never had one, when it was first heard of.
[[nodiscard]] sighted set_at(const lastmile& tour);

}  // namespace plo
