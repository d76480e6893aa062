// JSON Web Tokens in compact form: taken apart, and PLO's own ones (HS256) made and checked.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "base/json.hpp"

namespace plo::http {

/// A longer token is refused unread.
inline constexpr std::size_t max_token_bytes = 8 * 1024;

/// A token taken apart; nothing of it has been checked yet. Views are into the token.
struct jwt_parts {
  std::string_view signed_text;  // header and payload as they were signed
  std::string signature;         // decoded
  json_document header;
  json_document payload;
};

/// Empty when it is not `header.payload.signature` of two JSON objects.
[[nodiscard]] std::optional<jwt_parts> split_jwt(std::string_view token);

[[nodiscard]] std::string base64url(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text);

/// A number of seconds since 1970, as `exp`, `nbf` and `iat` are; empty when the claim is absent or no sane number.
[[nodiscard]] std::optional<instant> claimed_time(json::element payload, std::string_view claim);

/// What a token says of its end; the epoch where it says nothing sane. Nothing else of it is checked.
[[nodiscard]] instant claimed_expiry(std::string_view token);

/// HMAC-SHA-256 of a token's signed text.
[[nodiscard]] std::array<unsigned char, 32> hs256(std::string_view secret, std::string_view text);
/// `payload` (a JSON object) as a token signed by HS256.
[[nodiscard]] std::string make_jwt(std::string_view secret, std::string_view payload);
/// Whether the token says HS256 and nothing else, and carries that signature. Compares in constant time.
[[nodiscard]] bool is_signed_by(const jwt_parts& token, std::string_view secret);

}  // namespace plo::http
