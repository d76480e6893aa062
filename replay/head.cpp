#include "replay/head.hpp"

#include <array>
#include <fstream>
#include <stdexcept>

#include <fmt/format.h>
#include <sodium.h>

#include "base/json.hpp"
#include "eventstore/kv/durable_files.hpp"

namespace plo::replay {

namespace {

using seed_bytes = std::array<unsigned char, crypto_sign_SEEDBYTES>;

template <std::size_t N>
std::string hex_of(const std::array<unsigned char, N>& bytes) {
  std::string hex(2 * N + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), bytes.data(), N);
  hex.pop_back();
  return hex;
}

template <std::size_t N>
bool from_hex(std::string_view hex, std::array<unsigned char, N>& bytes) {
  std::size_t size = 0;
  return hex.size() == 2 * N && sodium_hex2bin(bytes.data(), N, hex.data(), hex.size(), nullptr, &size, nullptr) == 0 && size == N;
}

/// What is signed: every field of the head, so that none can be exchanged.
std::string signed_text(const signed_head& h) {
  return fmt::format("plo-head-1\n{}\n{}\n{}\n{}\n", h.at.value, eventstore::to_hex(h.hash), format_instant(h.recorded_at), format_instant(h.signed_at));
}

seed_bytes read_or_make_key(const std::filesystem::path& file) {
  seed_bytes seed;
  randombytes_buf(seed.data(), seed.size());
  const auto made = eventstore::create_durably(file, hex_of(seed) + "\n", 0600);
  if (!made) throw std::runtime_error("the key file: " + made.error());
  if (*made) return seed;
  std::ifstream in(file);
  std::string text;
  if (!(in >> text)) throw std::runtime_error(fmt::format("the key file {} cannot be read", file.string()));
  if (!from_hex(text, seed)) throw std::runtime_error(fmt::format("the key file {} does not hold 64 hexadecimal digits", file.string()));
  return seed;
}

void write_fields(json_writer& json, const head& h) {
  json.field("position", h.at).field("hash", eventstore::to_hex(h.hash)).field("recorded_at", h.recorded_at);
}

}  // namespace

head head_of(const eventstore::log& log) {
  const auto last = log.head();
  head h{last.last, last.hash, {}};
  if (const auto e = log.at(last.last)) h.recorded_at = e->recorded_at;
  return h;
}

signed_head sign(const head& h, const std::filesystem::path& key_file, instant now) {
  auto seed = read_or_make_key(key_file);
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> public_key;
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret_key;
  crypto_sign_seed_keypair(public_key.data(), secret_key.data(), seed.data());
  signed_head s{h, now, hex_of(public_key), {}};
  const auto text = signed_text(s);
  std::array<unsigned char, crypto_sign_BYTES> signature;
  crypto_sign_detached(signature.data(), nullptr, reinterpret_cast<const unsigned char*>(text.data()), text.size(), secret_key.data());
  sodium_memzero(secret_key.data(), secret_key.size());
  sodium_memzero(seed.data(), seed.size());
  s.signature = hex_of(signature);
  return s;
}

std::optional<std::string> refuses(const signed_head& h, const std::string& public_key) {
  if (!public_key.empty() && public_key != h.public_key) return "it is signed with another key than the one given";
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> key;
  std::array<unsigned char, crypto_sign_BYTES> signature;
  if (!from_hex(h.public_key, key) || !from_hex(h.signature, signature)) return "its key or signature is not hexadecimal";
  const auto text = signed_text(h);
  const bool good = crypto_sign_verify_detached(signature.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size(), key.data()) == 0;
  return good ? std::nullopt : std::optional<std::string>("its signature does not fit");
}

std::string to_json(const head& h) {
  json_writer json;
  json.begin_object();
  write_fields(json, h);
  return json.end_object().str();
}

std::string to_json(const signed_head& h) {
  json_writer json;
  json.begin_object();
  write_fields(json, h);
  json.field("signed_at", h.signed_at).field("public_key", h.public_key).field("signature", h.signature);
  return json.end_object().str();
}

tl::expected<signed_head, std::string> parse_head(std::string_view text) {
  const auto document = json_document::parse(text);
  if (!document) return tl::unexpected(std::string("it is not JSON"));
  const auto root = document->root();
  const auto at = json::get_number(root, "position");
  const auto recorded_at = parse_instant(json::get_string(root, "recorded_at").value_or(""));
  const auto signed_at = parse_instant(json::get_string(root, "signed_at").value_or(""));
  signed_head h;
  std::array<unsigned char, sizeof(eventstore::chain_hash)> hash;
  if (!at || !recorded_at || !signed_at || !from_hex(json::get_string(root, "hash").value_or(""), hash))
    return tl::unexpected(std::string("position, hash, recorded_at or signed_at is missing"));
  h.at = {static_cast<std::uint64_t>(*at)};
  h.hash = hash;
  h.recorded_at = *recorded_at;
  h.signed_at = *signed_at;
  h.public_key = json::get_string(root, "public_key").value_or("");
  h.signature = json::get_string(root, "signature").value_or("");
  return h;
}

}  // namespace plo::replay
