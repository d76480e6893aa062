// A slow, exact look at a JSON text that simdjson refused.
//
// simdjson says NUMBER_ERROR for `1e999`, for `01` and for valid integers over 64 bits alike, and stops at the first
// thing that it dislikes. The answers to a source differ between "not JSON" and "JSON that we do not take", so a
// refused text is read once more by this scanner, which goes on to the end and notes everything.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace plo {

struct json_scan {
  bool valid = false;             // RFC 8259, UTF-8
  std::size_t error_at = 0;       // byte, when not valid
  std::string_view error;         // what is wrong there
  std::size_t depth = 0;          // deepest nesting
  bool number_overflow = false;   // some number is beyond the range of a double
  bool lone_surrogate = false;    // some \ud800–\udfff without its partner
  struct token {
    std::size_t at = 0;
    std::size_t size = 0;
  };
  std::vector<token> big_integers;  // integers that need more than 64 bits, in order
};

/// Never throws, needs no stack: any bytes at any nesting.
[[nodiscard]] json_scan scan_json(std::string_view text);

/// The text with something written before and after each of the tokens.
[[nodiscard]] std::string wrap_tokens(std::string_view text, const std::vector<json_scan::token>& tokens,
                                      std::string_view before, std::string_view after);

}  // namespace plo
