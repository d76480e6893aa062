#include "http/auth/jwks.hpp"

#include <array>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "base/json.hpp"
#include "http/auth/jwt.hpp"

namespace plo::http {

namespace {

constexpr int min_rsa_bits = 2048;
constexpr std::size_t max_keys = 100;
constexpr std::size_t p256_bytes = 32;

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* what) const {
    Free(what);
  }
};
using key_pointer = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using number_pointer = std::unique_ptr<BIGNUM, freed_by<BN_free>>;

const unsigned char* octets(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string member_bytes(json::element key, std::string_view name) {
  return from_base64url(json::get_string(key, name).value_or("")).value_or("");
}

key_pointer make_key(const char* type, OSSL_PARAM_BLD* builder) {
  const std::unique_ptr<OSSL_PARAM, freed_by<OSSL_PARAM_free>> parameters(OSSL_PARAM_BLD_to_param(builder));
  const std::unique_ptr<EVP_PKEY_CTX, freed_by<EVP_PKEY_CTX_free>> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* made = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
    return nullptr;
  return key_pointer(made);
}

key_pointer rsa_key(json::element key) {
  const auto n = member_bytes(key, "n"), e = member_bytes(key, "e");
  const std::unique_ptr<OSSL_PARAM_BLD, freed_by<OSSL_PARAM_BLD_free>> builder(OSSL_PARAM_BLD_new());
  const number_pointer modulus(BN_bin2bn(octets(n), static_cast<int>(n.size()), nullptr));
  const number_pointer exponent(BN_bin2bn(octets(e), static_cast<int>(e.size()), nullptr));
  if (n.empty() || e.empty() || !builder || BN_num_bits(modulus.get()) < min_rsa_bits ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
    return nullptr;
  return make_key("RSA", builder.get());
}

key_pointer p256_key(json::element key) {
  const auto x = member_bytes(key, "x"), y = member_bytes(key, "y");
  if (json::get_string(key, "crv") != "P-256" || x.size() != p256_bytes || y.size() != p256_bytes) return nullptr;
  const auto point = '\x04' + x + y;  // uncompressed
  const std::unique_ptr<OSSL_PARAM_BLD, freed_by<OSSL_PARAM_BLD_free>> builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
    return nullptr;
  return make_key("EC", builder.get());
}

/// JWS writes r ‖ s, OpenSSL reads DER.
std::string der_of(std::string_view signature) {
  if (signature.size() != 2 * p256_bytes) return {};
  const std::unique_ptr<ECDSA_SIG, freed_by<ECDSA_SIG_free>> pair(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(octets(signature), p256_bytes, nullptr);
  BIGNUM* s = BN_bin2bn(octets(signature) + p256_bytes, p256_bytes, nullptr);
  ECDSA_SIG_set0(pair.get(), r, s);  // owns both from here on
  std::array<unsigned char, 80> der{};
  unsigned char* end = der.data();
  const int length = i2d_ECDSA_SIG(pair.get(), &end);
  return length > 0 ? std::string(reinterpret_cast<const char*>(der.data()), static_cast<std::size_t>(length)) : std::string();
}

}  // namespace

struct public_key::parts {
  std::string id;
  bool is_rsa = true;
  key_pointer key;
};

const std::string& public_key::id() const { return parts_->id; }
std::string_view public_key::algorithm() const { return parts_->is_rsa ? "RS256" : "ES256"; }

bool public_key::verifies(std::string_view text, std::string_view signature) const {
  const auto plain = parts_->is_rsa ? std::string(signature) : der_of(signature);
  if (plain.empty()) return false;
  const std::unique_ptr<EVP_MD_CTX, freed_by<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  return context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, parts_->key.get()) == 1 &&
         EVP_DigestVerify(context.get(), octets(plain), plain.size(), octets(text), text.size()) == 1;
}

tl::expected<std::vector<public_key>, std::string> parse_jwks(std::string_view document) {
  const auto parsed = json_document::parse(document, max_json_depth);
  if (!parsed) return tl::make_unexpected(parsed.error().detail);
  const auto list = json::get(parsed->root(), "keys");
  if (!list || !list->is_array()) return tl::make_unexpected(std::string("there is no list of keys"));
  std::vector<public_key> keys;
  for (const auto key : simdjson::dom::array(*list)) {
    if (keys.size() == max_keys) return tl::make_unexpected(std::string("there are too many keys"));
    const auto use = json::get_string(key, "use").value_or("sig");
    const auto type = json::get_string(key, "kty").value_or("");
    if (use != "sig" || (type != "RSA" && type != "EC")) continue;
    const auto found = std::make_shared<public_key::parts>();
    found->id = json::get_string(key, "kid").value_or("");
    found->is_rsa = type == "RSA";
    found->key = found->is_rsa ? rsa_key(key) : p256_key(key);
    const auto algorithm = json::get_string(key, "alg").value_or(found->is_rsa ? "RS256" : "ES256");
    if (found->key && algorithm == (found->is_rsa ? "RS256" : "ES256")) keys.emplace_back(found);
  }
  if (keys.empty()) return tl::make_unexpected(std::string("there is no key for RS256 or ES256"));
  return keys;
}

}  // namespace plo::http
