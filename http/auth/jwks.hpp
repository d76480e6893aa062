// Public keys of an identity provider: a JWKS document (RFC 7517) and signatures checked with them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace plo::http {

/// A public key for one algorithm: RS256 or ES256.
class public_key {
public:
  struct parts;
  explicit public_key(std::shared_ptr<const parts> p) : parts_(std::move(p)) {}

  [[nodiscard]] const std::string& id() const;         // kid; empty: none
  [[nodiscard]] std::string_view algorithm() const;
  /// Whether `signature` is of `text` as JWS writes it (ES256: r ‖ s).
  [[nodiscard]] bool verifies(std::string_view text, std::string_view signature) const;

private:
  std::shared_ptr<const parts> parts_;
};

/// The keys of a document that sign by RS256 (2048 bits at least) or ES256; others are left out. The error is a sentence.
[[nodiscard]] tl::expected<std::vector<public_key>, std::string> parse_jwks(std::string_view document);

}  // namespace plo::http
