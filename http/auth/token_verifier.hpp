// Where an identity comes from: the seam between the routes and whoever vouches for a person. PLO's own sessions are one
// (session_tokens.hpp), an OpenID Connect provider is another (oidc.hpp).
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/time.hpp"
#include "http/auth/identity.hpp"

namespace plo::http {

/// Thread-safe.
class token_verifier {
public:
  virtual ~token_verifier() = default;
  /// Whom a token stands for at this moment; empty when it is not, not yet or no longer valid.
  [[nodiscard]] virtual std::optional<identity> verify(std::string_view token, instant now) const = 0;
};

}  // namespace plo::http
