#include "http/auth/jwt.hpp"

#include <cmath>

#include <sodium.h>

namespace plo::http {

namespace {

constexpr int url_variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
constexpr std::string_view hs256_header = R"({"alg":"HS256","typ":"JWT"})";

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::optional<json_document> decode_object(std::string_view part) {
  const auto text = from_base64url(part);
  if (!text) return std::nullopt;
  auto document = json_document::parse(*text, max_json_depth);
  if (!document || !document->root().is_object()) return std::nullopt;
  return std::move(*document);
}

}  // namespace

std::string base64url(std::string_view bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), url_variant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes_of(bytes), bytes.size(), url_variant);
  text.pop_back();  // the terminator
  return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string bytes(text.size(), '\0');
  std::size_t length = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(), text.size(), nullptr, &length, nullptr,
                        url_variant) != 0)
    return std::nullopt;
  bytes.resize(length);
  return bytes;
}

std::optional<jwt_parts> split_jwt(std::string_view token) {
  if (token.size() > max_token_bytes) return std::nullopt;
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  auto header = decode_object(token.substr(0, first));
  auto payload = decode_object(token.substr(first + 1, second - first - 1));
  auto signature = from_base64url(token.substr(second + 1));
  if (!header || !payload || !signature) return std::nullopt;
  return jwt_parts{token.substr(0, second), std::move(*signature), std::move(*header), std::move(*payload)};
}

std::optional<instant> claimed_time(json::element payload, std::string_view claim) {
  constexpr double year_9999 = 253'402'300'800;
  const auto seconds = json::get_number(payload, claim);
  if (!seconds || !(*seconds >= 0) || *seconds >= year_9999) return std::nullopt;
  return instant(milliseconds(static_cast<std::int64_t>(std::floor(*seconds * 1000))));
}

instant claimed_expiry(std::string_view token) {
  const auto parts = split_jwt(token);
  return (parts ? claimed_time(parts->payload.root(), "exp") : std::nullopt).value_or(instant{});
}

std::array<unsigned char, 32> hs256(std::string_view secret, std::string_view text) {
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes_of(secret), secret.size());
  crypto_auth_hmacsha256_update(&state, bytes_of(text), text.size());
  crypto_auth_hmacsha256_final(&state, mac.data());
  return mac;
}

std::string make_jwt(std::string_view secret, std::string_view payload) {
  auto token = base64url(hs256_header) + '.' + base64url(payload);
  const auto mac = hs256(secret, token);
  return token + '.' + base64url({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

bool is_signed_by(const jwt_parts& token, std::string_view secret) {
  if (json::get_string(token.header.root(), "alg") != "HS256") return false;
  // Extensions that must be understood are not understood here.
  if (json::get(token.header.root(), "crit")) return false;
  const auto mac = hs256(secret, token.signed_text);
  return token.signature.size() == mac.size() && sodium_memcmp(token.signature.data(), mac.data(), mac.size()) == 0;
}

}  // namespace plo::http
