// Tokens of the tracking page: each opens one project for whoever holds it, and nobody can make or guess one without the secret.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "domain/event/ids.hpp"

namespace plo::http {

/// A token is the project's id, encrypted and authenticated (XSalsa20-Poly1305 under a nonce made of the id), so it stays the same over
/// restarts, needs no table and shows nothing.
class tracking_tokens {
public:
  explicit tracking_tokens(std::string_view secret);

  [[nodiscard]] std::string token_of(const project_id& project) const;
  /// Empty when the token was not made with this secret.
  [[nodiscard]] std::optional<project_id> project_of(std::string_view token) const;

private:
  std::array<unsigned char, 32> key_{};
};

}  // namespace plo::http
