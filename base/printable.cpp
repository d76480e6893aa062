#include "base/printable.hpp"

#include <cstdint>

#include <fmt/format.h>

namespace plo {

namespace {

/// One character of a text; `size` is 1 and `valid` false where the bytes are none.
struct character {
  char32_t code = 0;
  std::size_t size = 1;
  bool valid = false;
};

character first_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t size = lead >= 0xf0 && lead <= 0xf4 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
  char32_t code = lead & (0xffu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3fu);
  }
  const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  if (overlong || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
  return {code, size, true};
}

/// What moves the cursor, breaks the line or turns the direction of what stands behind it.
bool is_unsafe(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069);
}

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
  std::string shown;
  while (!text.empty()) {
    const auto c = first_of(text);
    if (shown.size() + c.size > most) return shown.append("…");
    if (!c.valid) shown += fmt::format("\\x{:02x}", static_cast<std::uint8_t>(text.front()));
    else if (!is_unsafe(c.code)) shown.append(text, 0, c.size);
    else shown += c.code < 0x80 ? fmt::format("\\x{:02x}", static_cast<unsigned>(c.code)) : fmt::format("\\u{{{:x}}}", static_cast<unsigned>(c.code));
    text.remove_prefix(c.size);
  }
  return shown;
}

std::string as_utf8(std::string_view text) {
  std::string mended;
  mended.reserve(text.size());
  while (!text.empty()) {
    const auto c = first_of(text);
    if (c.valid) mended.append(text, 0, c.size);
    else mended.append("\xef\xbf\xbd");
    text.remove_prefix(c.size);
  }
  return mended;
}

}  // namespace plo
