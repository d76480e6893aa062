#include "http/auth/session_tokens.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>
#include <sodium.h>

#include "eventstore/kv/durable_files.hpp"
#include "eventstore/kv/kv_store.hpp"
#include "http/auth/jwt.hpp"

namespace plo::http {

namespace {

constexpr std::string_view own_issuer = "plo";
constexpr std::size_t secret_bytes = 32;
constexpr std::size_t session_id_bytes = 16;

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

std::int64_t seconds_of(instant at) { return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count(); }

/// A token whose signature, issuer and times hold.
std::optional<jwt_parts> read_own(std::string_view token, std::string_view secret, instant now) {
  auto parts = split_jwt(token);
  if (!parts || !is_signed_by(*parts, secret)) return std::nullopt;
  const auto claims = parts->payload.root();
  const auto until = claimed_time(claims, "exp");
  if (json::get_string(claims, "iss") != own_issuer || !until || now >= *until) return std::nullopt;
  return parts;
}

}  // namespace

session_tokens::session_tokens(std::string secret, milliseconds lifetime, accounts_view accounts)
    : secret_(std::move(secret)), lifetime_(lifetime), accounts_(std::move(accounts)) {}

std::string session_tokens::issue(const account_standing& who, instant now) const {
  json_writer json;
  json.begin_object().field("iss", own_issuer).field("sub", who.id).field("cred", who.credentials);
  json.field("iat", seconds_of(now)).field("exp", seconds_of(now + lifetime_)).field("jti", base64url(random_bytes(session_id_bytes)));
  return make_jwt(secret_, json.end_object().view());
}

std::optional<identity> session_tokens::verify(std::string_view token, instant now) const {
  const auto parts = read_own(token, secret_, now);
  if (!parts) return std::nullopt;
  const auto claims = parts->payload.root();
  const auto id = user_id::parse(json::get_string(claims, "sub").value_or(""));
  const auto who = id ? accounts_.find(*id) : std::nullopt;
  if (!who || !who->active || json::get_number(claims, "cred") != static_cast<double>(who->credentials)) return std::nullopt;
  if (accounts_.has_ended(json::get_string(claims, "jti").value_or(""))) return std::nullopt;
  return identity{who->id.to_string(), who->email, who->role};
}

std::optional<session_tokens::session> session_tokens::session_of(std::string_view token, instant now) const {
  const auto parts = read_own(token, secret_, now);
  if (!parts) return std::nullopt;
  const auto claims = parts->payload.root();
  const auto id = user_id::parse(json::get_string(claims, "sub").value_or(""));
  if (!id) return std::nullopt;
  return session{*id, std::string(json::get_string(claims, "jti").value_or("")), *claimed_time(claims, "exp")};
}

std::string session_tokens::address_digest(std::string_view address) const {
  const auto text = fmt::format("address\n{}\n{}", secret_, address);
  std::array<unsigned char, 16> digest{};
  crypto_generichash(digest.data(), digest.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
  return base64url({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string kept_secret(const std::filesystem::path& file) {
  auto secret = base64url(random_bytes(secret_bytes));
  const auto made = eventstore::create_durably(file, secret, 0600);
  if (!made) throw eventstore::store_error(made.error());
  if (*made) return secret;
  std::ifstream in(file, std::ios::binary);
  secret.assign(std::istreambuf_iterator<char>(in), {});
  if (!in || secret.empty()) {
    if (!in) throw std::runtime_error(fmt::format("{} cannot be read: {}", file.string(), std::strerror(errno)));
    throw std::runtime_error(fmt::format("{} is empty: delete it, and another one is made", file.string()));
  }
  return secret;
}

}  // namespace plo::http
