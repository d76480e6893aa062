#include "projections/core/page.hpp"

#include <sodium.h>

namespace plo::projections {

std::string make_cursor(char list, std::string_view key) {
  std::string plain(1, list);
  plain.append(key);
  std::string text(sodium_base64_encoded_len(plain.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(plain.data()), plain.size(),
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  text.pop_back();  // the terminator
  return text;
}

std::optional<std::string> read_cursor(char list, std::string_view cursor) {
  std::string plain(cursor.size(), '\0');
  std::size_t length = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(plain.data()), plain.size(), cursor.data(), cursor.size(),
                        nullptr, &length, nullptr, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
    return std::nullopt;
  plain.resize(length);
  if (plain.empty() || plain.front() != list) return std::nullopt;
  return plain.substr(1);
}

}  // namespace plo::projections
