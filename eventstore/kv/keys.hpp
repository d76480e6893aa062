// The keys of the log's families. Numbers are big endian, so that byte order is numeric order; a text is its length (2 bytes) and its
// bytes, so that no text is the prefix of another.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "domain/event/ids.hpp"

namespace plo::eventstore::keys {

inline void put_u64(std::string& out, std::uint64_t n) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(n >> shift));
}

inline std::uint64_t get_u64(std::string_view in) {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < 8 && i < in.size(); ++i) n = n << 8 | static_cast<std::uint8_t>(in[i]);
  return n;
}

inline void put_text(std::string& out, std::string_view text) {
  out.push_back(static_cast<char>(text.size() >> 8));
  out.push_back(static_cast<char>(text.size()));
  out.append(text);
}

/// The text at the front, taken off.
inline std::string_view take_text(std::string_view& in) {
  const auto size = static_cast<std::size_t>(static_cast<std::uint8_t>(in[0]) << 8 | static_cast<std::uint8_t>(in[1]));
  const auto text = in.substr(2, size);
  in.remove_prefix(2 + size);
  return text;
}

/// Order-preserving: negative times before positive ones.
inline void put_time(std::string& out, instant at) {
  put_u64(out, static_cast<std::uint64_t>(at.time_since_epoch().count()) ^ (1ull << 63));
}
inline instant get_time(std::string_view in) {
  return instant(milliseconds(static_cast<std::int64_t>(get_u64(in) ^ (1ull << 63))));
}

inline void put_uuid(std::string& out, const uuid& id) {
  out.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
}

inline uuid get_uuid(std::string_view in) {
  uuid id;
  if (in.size() >= id.bytes.size()) std::memcpy(id.bytes.data(), in.data(), id.bytes.size());
  return id;
}

inline std::string of(position pos) {
  std::string key;
  put_u64(key, pos.value);
  return key;
}

/// The first key behind all keys that begin with `prefix`.
inline std::string after(std::string prefix) {
  while (!prefix.empty()) {
    if (static_cast<std::uint8_t>(prefix.back()) != 0xff) {
      ++prefix.back();
      return prefix;
    }
    prefix.pop_back();
  }
  return prefix;
}

}  // namespace plo::eventstore::keys
