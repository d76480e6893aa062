#include "http/auth/source_access.hpp"

#include <algorithm>
#include <array>

#include <sodium.h>

namespace plo::http {

namespace {

source_access::digest sha256(std::string_view text) {
  source_access::digest hash{};
  crypto_hash_sha256(hash.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size());
  return hash;
}

std::string_view strip(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) {
           return (a | 32) == (b | 32);
         });
}

}  // namespace

bool rate_limiter::take(std::chrono::steady_clock::time_point now) {
  if (per_second_ <= 0) return true;
  const std::lock_guard lock(guard_);
  if (filled_at_)
    tokens_ = std::min(per_second_, tokens_ + per_second_ * std::chrono::duration<double>(now - *filled_at_).count());
  filled_at_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

unsigned rate_limiter::retry_after_s() const { return 1; }

source_access::source_access(const std::map<std::string, source_settings, std::less<>>& sources)
    : sources_(sources) {
  for (const auto& [name, source] : sources_) {
    limiters_.emplace(name, std::make_unique<rate_limiter>(source.rate_limit_per_s));
    digest key{};
    std::size_t length = 0;
    if (sodium_hex2bin(key.data(), key.size(), source.key_sha256.data(), source.key_sha256.size(), nullptr, &length,
                       nullptr) == 0 && length == key.size())
      keys_.emplace_back(key, &source);
  }
}

const source_settings* source_access::authenticate(std::string_view authorization) const {
  constexpr std::string_view scheme = "Bearer ";
  if (!starts_with_ignoring_case(authorization, scheme)) return nullptr;
  const auto shown = sha256(strip(authorization.substr(scheme.size())));
  const source_settings* found = nullptr;
  for (const auto& [key, source] : keys_)
    if (sodium_memcmp(shown.data(), key.data(), key.size()) == 0) found = source;
  return found;
}

bool source_access::is_signed(const source_settings& source, std::string_view signature,
                              std::string_view body) {
  if (source.hmac_secret.empty()) return true;
  constexpr std::string_view prefix = "sha256=";
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> claimed{};
  std::size_t length = 0;
  signature = strip(signature);
  if (!signature.starts_with(prefix) || signature.size() != prefix.size() + 2 * claimed.size()) return false;
  signature.remove_prefix(prefix.size());
  if (sodium_hex2bin(claimed.data(), claimed.size(), signature.data(), signature.size(), nullptr, &length, nullptr) != 0 ||
      length != claimed.size())
    return false;
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> computed{};
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(source.hmac_secret.data()),
                              source.hmac_secret.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(body.data()), body.size());
  crypto_auth_hmacsha256_final(&state, computed.data());
  return sodium_memcmp(claimed.data(), computed.data(), computed.size()) == 0;
}

const source_settings* source_access::find(std::string_view source) const {
  const auto found = sources_.find(source);
  return found == sources_.end() ? nullptr : &found->second;
}

rate_limiter& source_access::limiter(const source_settings& source) { return *limiters_.at(source.name); }

}  // namespace plo::http
