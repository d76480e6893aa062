#include "http/auth/oidc.hpp"

#include <fstream>
#include <iterator>
#include <mutex>
#include <stdexcept>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "http/auth/jwt.hpp"

namespace plo::http {

namespace {

constexpr std::chrono::minutes clock_tolerance{1};
constexpr std::chrono::seconds look_again_after{10};
constexpr std::uintmax_t max_jwks_bytes = 1u << 20;

/// Calls `visit` with the texts of a claim: one, or a list of them.
template <class Visit>
void each_text(json::element claims, std::string_view name, Visit visit) {
  const auto claim = json::get(claims, name);
  if (!claim) return;
  if (claim->is_string()) return visit(std::string_view(claim->get_string().value_unsafe()));
  if (!claim->is_array()) return;
  for (const auto item : simdjson::dom::array(*claim))
    if (item.is_string()) visit(std::string_view(item.get_string().value_unsafe()));
}

const public_key* key_of(const jwt_parts& token, const std::vector<public_key>& keys) {
  const auto header = token.header.root();
  if (json::get(header, "crit")) return nullptr;
  const auto id = json::get_string(header, "kid");
  if (!id) return keys.size() == 1 ? &keys.front() : nullptr;
  for (const auto& key : keys)
    if (key.id() == *id) return &key;
  return nullptr;
}

/// The highest of the roles that the claim names.
std::optional<plo::role> role_of(json::element claims, const oidc_settings& settings) {
  std::optional<plo::role> best;
  each_text(claims, settings.role_claim, [&](std::string_view name) {
    const auto mapped = settings.roles.find(name);
    const auto role = settings.roles.empty() ? parse_role(name)
                      : mapped != settings.roles.end() ? std::optional(mapped->second) : std::nullopt;
    if (role && (!best || *role > *best)) best = role;
  });
  return best;
}

class oidc_verifier final : public token_verifier {
public:
  explicit oidc_verifier(const oidc_settings& settings) : settings_(settings) {
    auto keys = read();
    if (!keys) throw std::runtime_error(fmt::format("auth.oidc.jwks_file {}: {}", settings.jwks_file.string(), keys.error()));
    keys_ = std::make_shared<const std::vector<public_key>>(std::move(*keys));
  }

  std::optional<identity> verify(std::string_view token, instant now) const override {
    return identity_of(token, *current_keys(), settings_, now);
  }

private:
  using keys_pointer = std::shared_ptr<const std::vector<public_key>>;

  tl::expected<std::vector<public_key>, std::string> read() const {
    std::error_code error;
    changed_at_ = std::filesystem::last_write_time(settings_.jwks_file, error);
    const auto size = std::filesystem::file_size(settings_.jwks_file, error);
    std::ifstream file(settings_.jwks_file, std::ios::binary);
    if (error || !file || size > max_jwks_bytes) return tl::make_unexpected(std::string("it cannot be read"));
    return parse_jwks(std::string(std::istreambuf_iterator<char>(file), {}));
  }

  keys_pointer current_keys() const {
    const std::lock_guard lock(guard_);
    const auto now = std::chrono::steady_clock::now();
    if (now - looked_at_ < look_again_after) return keys_;
    looked_at_ = now;
    std::error_code error;
    if (std::filesystem::last_write_time(settings_.jwks_file, error) == changed_at_ || error) return keys_;
    if (auto keys = read()) keys_ = std::make_shared<const std::vector<public_key>>(std::move(*keys));
    else spdlog::warn("auth.oidc.jwks_file {} has changed: {}; the keys stay as they are", settings_.jwks_file.string(), keys.error());
    return keys_;
  }

  const oidc_settings settings_;
  mutable std::mutex guard_;
  mutable keys_pointer keys_;
  mutable std::filesystem::file_time_type changed_at_{};
  mutable std::chrono::steady_clock::time_point looked_at_ = std::chrono::steady_clock::now();
};

}  // namespace

std::optional<identity> identity_of(std::string_view token, const std::vector<public_key>& keys, const oidc_settings& settings,
                                    instant now) {
  const auto parts = split_jwt(token);
  const auto* key = parts ? key_of(*parts, keys) : nullptr;
  // The algorithm is the key's, never the token's choice.
  if (key == nullptr || json::get_string(parts->header.root(), "alg") != key->algorithm()) return std::nullopt;
  if (!key->verifies(parts->signed_text, parts->signature)) return std::nullopt;
  const auto claims = parts->payload.root();
  bool for_us = false;
  each_text(claims, "aud", [&](std::string_view audience) { for_us = for_us || audience == settings.audience; });
  const auto until = claimed_time(claims, "exp");
  if (json::get_string(claims, "iss") != settings.issuer || !for_us || !until || now >= *until + clock_tolerance) return std::nullopt;
  if (json::get(claims, "nbf")) {
    const auto from = claimed_time(claims, "nbf");
    if (!from || now + clock_tolerance < *from) return std::nullopt;
  }
  const auto subject = json::get_string(claims, "sub").value_or("");
  const auto role = role_of(claims, settings);
  if (subject.empty() || subject.size() > 255 || !role) return std::nullopt;
  return identity{std::string(subject), std::string(json::get_string(claims, settings.email_claim).value_or("")), *role};
}

std::unique_ptr<const token_verifier> make_oidc_verifier(const oidc_settings& settings) {
  return std::make_unique<oidc_verifier>(settings);
}

}  // namespace plo::http
