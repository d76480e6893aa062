#include "http/auth/tracking_tokens.hpp"

#include <algorithm>

#include <sodium.h>

namespace plo::http {

namespace {

constexpr std::size_t id_bytes = 16;
constexpr std::size_t nonce_bytes = crypto_secretbox_NONCEBYTES;
constexpr std::size_t box_bytes = id_bytes + crypto_secretbox_MACBYTES;
constexpr int url_safe = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
using token_bytes = std::array<unsigned char, nonce_bytes + box_bytes>;

}  // namespace

tracking_tokens::tracking_tokens(std::string_view secret) {
  static constexpr unsigned char purpose[] = "PLO tracking tokens";
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, key_.size());
  crypto_generichash_update(&state, purpose, sizeof purpose);
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
  crypto_generichash_final(&state, key_.data(), key_.size());
}

std::string tracking_tokens::token_of(const project_id& project) const {
  token_bytes bytes{};
  crypto_generichash(bytes.data(), nonce_bytes, project.value.bytes.data(), id_bytes, key_.data(), key_.size());
  crypto_secretbox_easy(bytes.data() + nonce_bytes, project.value.bytes.data(), id_bytes, bytes.data(), key_.data());
  std::string token(sodium_base64_ENCODED_LEN(bytes.size(), url_safe), '\0');
  sodium_bin2base64(token.data(), token.size(), bytes.data(), bytes.size(), url_safe);
  token.pop_back();  // the terminating zero
  return token;
}

std::optional<project_id> tracking_tokens::project_of(std::string_view token) const {
  token_bytes bytes{};
  std::size_t read = 0;
  if (sodium_base642bin(bytes.data(), bytes.size(), token.data(), token.size(), nullptr, &read, nullptr, url_safe) != 0 || read != bytes.size())
    return std::nullopt;
  project_id project;
  if (crypto_secretbox_open_easy(project.value.bytes.data(), bytes.data() + nonce_bytes, box_bytes, bytes.data(), key_.data()) != 0) return std::nullopt;
  return project;
}

}  // namespace plo::http
