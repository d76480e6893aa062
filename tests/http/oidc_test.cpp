// Tokens of an identity provider, with keys made here.
#include <fstream>

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/json.hpp"
#include "http/auth/jwt.hpp"
#include "http/auth/oidc.hpp"

namespace plo::http {
namespace {

const instant now = *parse_instant("2025-06-15T12:00:00Z");
constexpr std::int64_t now_s = 1'749'988'800;

std::string number_of(EVP_PKEY* key, const char* name, int size = 0) {
  BIGNUM* number = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(key, name, &number), 1);
  std::string bytes(static_cast<std::size_t>(size > 0 ? size : BN_num_bytes(number)), '\0');
  EXPECT_GT(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())), 0);
  BN_free(number);
  return base64url(bytes);
}

/// A key pair of the provider.
struct signing_key {
  std::string id, algorithm;
  std::shared_ptr<EVP_PKEY> pair;

  static signing_key rsa(std::string id, unsigned bits = 2048) { return {std::move(id), "RS256", {EVP_RSA_gen(bits), EVP_PKEY_free}}; }
  static signing_key ec(std::string id) { return {std::move(id), "ES256", {EVP_EC_gen("P-256"), EVP_PKEY_free}}; }

  [[nodiscard]] std::string jwk() const {
    json_writer json;
    json.begin_object().field("kid", id).field("use", "sig").field("alg", algorithm);
    if (algorithm == "RS256") json.field("kty", "RSA").field("n", number_of(pair.get(), "n")).field("e", number_of(pair.get(), "e"));
    else json.field("kty", "EC").field("crv", "P-256").field("x", number_of(pair.get(), "qx", 32)).field("y", number_of(pair.get(), "qy", 32));
    return json.end_object().str();
  }

  [[nodiscard]] std::string sign(const std::string& text) const {
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    std::size_t size = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    EXPECT_EQ(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, pair.get()), 1);
    EXPECT_EQ(EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()), 1);
    std::string signature(size, '\0');
    EXPECT_EQ(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, text.size()), 1);
    signature.resize(size);
    if (algorithm == "RS256") return signature;
    const auto* der = reinterpret_cast<const unsigned char*>(signature.data());
    std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> parts(d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(signature.size())), ECDSA_SIG_free);
    std::string plain(64, '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), reinterpret_cast<unsigned char*>(plain.data()), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), reinterpret_cast<unsigned char*>(plain.data()) + 32, 32);
    return plain;
  }
};

struct claims {
  std::string iss = R"("https://login.example.org")", aud = R"("plo")", sub = R"("u-17")", role = R"("operator")";
  std::int64_t exp = now_s + 300, nbf = now_s - 300;

  [[nodiscard]] std::string json() const {
    return R"({"iss":)" + iss + R"(,"aud":)" + aud + R"(,"sub":)" + sub + R"(,"role":)" + role + R"(,"email":"u17@example.org","exp":)" +
           std::to_string(exp) + R"(,"nbf":)" + std::to_string(nbf) + "}";
  }
};

std::string token_of(const signing_key& key, const claims& said, std::string header = {}) {
  if (header.empty()) header = R"({"alg":")" + key.algorithm + R"(","kid":")" + key.id + R"("})";
  const auto text = base64url(header) + "." + base64url(said.json());
  return text + "." + base64url(key.sign(text));
}

class Oidc : public testing::Test {
protected:
  static void SetUpTestSuite() {
    rsa = signing_key::rsa("r1");
    ec = signing_key::ec("e1");
  }
  void SetUp() override {
    settings.issuer = "https://login.example.org";
    settings.audience = "plo";
    keys = *parse_jwks(R"({"keys":[)" + rsa.jwk() + "," + ec.jwk() + R"(,{"kty":"oct","kid":"o","k":"c2VjcmV0"},{"kty":"EC","crv":"P-521","kid":"p"}]})");
  }
  [[nodiscard]] std::optional<identity> who(const std::string& token) const { return identity_of(token, keys, settings, now); }

  static inline signing_key rsa, ec;
  oidc_settings settings;
  std::vector<public_key> keys;
};

TEST_F(Oidc, TakesTokensOfBothKindsOfKeys) {
  ASSERT_EQ(keys.size(), 2u);
  for (const auto& key : {rsa, ec}) {
    const auto found = who(token_of(key, {}));
    ASSERT_TRUE(found) << key.algorithm;
    EXPECT_EQ(found->user_id, "u-17");
    EXPECT_EQ(found->email, "u17@example.org");
    EXPECT_EQ(found->role, plo::role::operator_);
  }
}

TEST_F(Oidc, RefusesAnotherSignature) {
  auto other = signing_key::rsa("r1");
  EXPECT_FALSE(who(token_of(other, {})));
  auto other_ec = signing_key::ec("e1");
  EXPECT_FALSE(who(token_of(other_ec, {})));
  auto token = token_of(ec, {});
  token.erase(token.rfind('.') + 1);
  EXPECT_FALSE(who(token));
  EXPECT_FALSE(who(token + "AAAA"));
}

TEST_F(Oidc, RefusesAnotherAlgorithm) {
  EXPECT_FALSE(who(token_of(rsa, {}, R"({"alg":"none","kid":"r1"})")));
  EXPECT_FALSE(who(token_of(rsa, {}, R"({"alg":"RS512","kid":"r1"})")));
  EXPECT_FALSE(who(token_of(rsa, {}, R"({"alg":"RS256","kid":"r1","crit":["b64"]})")));
  EXPECT_FALSE(who(token_of(ec, {}, R"({"alg":"ES256","kid":"r1"})"))) << "a key of the other kind";
  const auto text = base64url(R"({"alg":"none","kid":"r1"})") + "." + base64url(claims().json());
  EXPECT_FALSE(who(text + "."));
}

TEST_F(Oidc, DoesNotTakeThePublicKeyForASecret) {
  const auto text = base64url(R"({"alg":"HS256","kid":"r1"})") + "." + base64url(claims().json());
  const auto mac = hs256(rsa.jwk(), text);
  EXPECT_FALSE(who(text + "." + base64url({reinterpret_cast<const char*>(mac.data()), mac.size()})));
}

TEST_F(Oidc, NeedsAKnownKey) {
  EXPECT_FALSE(who(token_of(rsa, {}, R"({"alg":"RS256","kid":"r2"})")));
  EXPECT_FALSE(who(token_of(rsa, {}, R"({"alg":"RS256"})"))) << "one of several keys must be named";
  keys = *parse_jwks(R"({"keys":[)" + rsa.jwk() + "]}");
  EXPECT_TRUE(who(token_of(rsa, {}, R"({"alg":"RS256"})")));
}

TEST_F(Oidc, ChecksIssuerAndAudience) {
  const auto with = [](auto change) {
    claims said;
    change(said);
    return token_of(rsa, said);
  };
  EXPECT_FALSE(who(with([](claims& c) { c.iss = R"("https://elsewhere.example.org")"; })));
  EXPECT_FALSE(who(with([](claims& c) { c.iss = "null"; })));
  EXPECT_FALSE(who(with([](claims& c) { c.aud = R"("another")"; })));
  EXPECT_FALSE(who(with([](claims& c) { c.aud = R"(["another"])"; })));
  EXPECT_TRUE(who(with([](claims& c) { c.aud = R"(["another","plo"])"; })));
  EXPECT_FALSE(who(with([](claims& c) { c.sub = "null"; })));
}

TEST_F(Oidc, HoldsBetweenItsTimesOnly) {
  const auto at = [](std::int64_t nbf, std::int64_t exp) {
    claims said;
    said.nbf = nbf;
    said.exp = exp;
    return token_of(ec, said);
  };
  EXPECT_FALSE(who(at(now_s - 300, now_s - 61)));
  EXPECT_TRUE(who(at(now_s - 300, now_s - 59))) << "clocks may differ by a minute";
  EXPECT_FALSE(who(at(now_s + 61, now_s + 300)));
  EXPECT_TRUE(who(at(now_s + 59, now_s + 300)));
  EXPECT_FALSE(who(at(now_s - 300, -1)));
}

TEST_F(Oidc, NeedsARole) {
  const auto role = [this](const char* said) {
    claims c;
    c.role = said;
    const auto found = who(token_of(ec, c));
    return found ? std::string(to_string(found->role)) : std::string("refused");
  };
  EXPECT_EQ(role(R"("admin")"), "admin");
  EXPECT_EQ(role(R"(["viewer","operator"])"), "operator");
  EXPECT_EQ(role(R"("root")"), "refused");
  EXPECT_EQ(role("null"), "refused");
  settings.roles = {{"plo-team", plo::role::operator_}};
  EXPECT_EQ(role(R"(["staff","plo-team"])"), "operator");
  EXPECT_EQ(role(R"("admin")"), "refused") << "with a mapping only what it names counts";
}

TEST_F(Oidc, RefusesWeakAndBrokenKeys) {
  EXPECT_FALSE(parse_jwks(R"({"keys":[)" + signing_key::rsa("weak", 1024).jwk() + "]}"));
  for (const char* broken : {"", "[]", "{}", R"({"keys":1})", R"({"keys":[]})", R"({"keys":[1,"x",{}]})", R"({"keys":[{"kty":"RSA","n":"!","e":"AQAB"}]})",
                             R"({"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]})"})
    EXPECT_FALSE(parse_jwks(broken)) << broken;
}

TEST_F(Oidc, ReadsItsKeysFromAFile) {
  const auto file = std::filesystem::path(testing::TempDir()) / "jwks.json";
  settings.jwks_file = file;
  std::filesystem::remove(file);
  EXPECT_THROW((void)make_oidc_verifier(settings), std::runtime_error);
  std::ofstream(file) << R"({"keys":[)" + ec.jwk() + "]}";
  EXPECT_TRUE(make_oidc_verifier(settings)->verify(token_of(ec, {}), now));
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace plo::http
