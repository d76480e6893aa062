// Identities from an OpenID Connect provider: bearer tokens checked against its published keys.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/auth/jwks.hpp"
#include "http/auth/token_verifier.hpp"
#include "http/server/settings.hpp"

namespace plo::http {

/// Whom a token stands for: it must name a known key and that key's algorithm, carry its signature, come from the issuer for the audience,
/// hold now (exp, nbf, with a minute of tolerance between clocks), and claim a role. Pure.
[[nodiscard]] std::optional<identity> identity_of(std::string_view token, const std::vector<public_key>& keys,
                                                  const oidc_settings& settings, instant now);

/// Reads the settings' file of keys; throws std::runtime_error when that is not possible. Later it looks now and then whether the file has
/// changed, so that keys can be replaced without a restart; a file that cannot be read then changes nothing.
[[nodiscard]] std::unique_ptr<const token_verifier> make_oidc_verifier(const oidc_settings& settings);

}  // namespace plo::http
