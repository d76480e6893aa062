#include "base/ids.hpp"

#include <cstring>
#include <mutex>

#include <sodium.h>

namespace plo {

namespace {

constexpr char hex_digits[] = "0123456789abcdef";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void put_version(uuid& id, std::uint8_t version) {
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | (version << 4));
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
}

}  // namespace

std::string uuid::to_string() const {
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    text.push_back(hex_digits[bytes[i] >> 4]);
    text.push_back(hex_digits[bytes[i] & 0x0f]);
  }
  return text;
}

std::optional<uuid> uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  uuid id;
  std::size_t at = 0;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) {
      if (text[at++] != '-') return std::nullopt;
    }
    const int high = hex_value(text[at]);
    const int low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    at += 2;
  }
  return id;
}

uuid make_uuid_v7(std::int64_t unix_ms) {
  // 12 bits of counter behind the millisecond keep ids of one millisecond ascending; when the counter runs over,
  // the millisecond is lent from the future.
  static std::mutex guard;
  static std::int64_t last_ms = 0;
  static std::uint32_t counter = 0;

  uuid id;
  randombytes_buf(id.bytes.data(), id.bytes.size());
  std::int64_t ms = unix_ms;
  std::uint32_t sequence = 0;
  {
    const std::lock_guard lock(guard);
    if (ms > last_ms) {
      last_ms = ms;
      counter = id.bytes[6] & 0x07u;
    } else if (++counter > 0x0fff) {
      ++last_ms;
      counter = 0;
    }
    ms = last_ms;
    sequence = counter;
  }
  for (int i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
  id.bytes[6] = static_cast<std::uint8_t>(sequence >> 8);
  id.bytes[7] = static_cast<std::uint8_t>(sequence);
  put_version(id, 7);
  return id;
}

uuid derive_uuid(const uuid& parent, std::string_view name) {
  uuid id;
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, id.bytes.size());
  crypto_generichash_update(&state, parent.bytes.data(), parent.bytes.size());
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(name.data()), name.size());
  crypto_generichash_final(&state, id.bytes.data(), id.bytes.size());
  std::memcpy(id.bytes.data(), parent.bytes.data(), 6);
  put_version(id, 8);
  return id;
}

}  // namespace plo

std::size_t std::hash<plo::uuid>::operator()(const plo::uuid& id) const noexcept {
  // The tail is random (version 7) or a digest (version 8): 8 bytes of it are a good hash.
  std::size_t value = 0;
  std::memcpy(&value, id.bytes.data() + 8, sizeof value);
  return value;
}
