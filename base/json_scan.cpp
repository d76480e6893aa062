#include "base/json_scan.hpp"

#include <simdjson.h>

namespace plo {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// True when the integer token fits neither int64 nor uint64.
bool needs_more_than_64_bits(std::string_view token) {
  const bool negative = token.front() == '-';
  const std::string_view magnitude = negative ? token.substr(1) : token;
  const std::string_view limit = negative ? "9223372036854775808" : "18446744073709551615";
  return magnitude.size() != limit.size() ? magnitude.size() > limit.size() : magnitude > limit;
}

/// True when simdjson, given the number as a double, finds it out of range.
bool overflows(std::string_view token, bool integer) {
  // Short numbers without an exponent cannot reach 1.8e308.
  if (integer ? token.size() < 300 : token.size() < 300 && token.find_first_of("eE") == std::string_view::npos) return false;
  std::string text(token);
  if (integer) text += "e0";
  simdjson::dom::parser parser;
  return parser.parse(text).error() == simdjson::NUMBER_ERROR;
}

class scanner {
public:
  explicit scanner(std::string_view text) : text_(text) {}

  json_scan run() {
    if (!simdjson::validate_utf8(text_.data(), text_.size())) {
      fail("not UTF-8");
      return std::move(result_);
    }
    skip_space();
    if (done()) {
      fail("empty");
      return std::move(result_);
    }
    result_.valid = document();
    return std::move(result_);
  }

private:
  bool done() const { return at_ >= text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  bool take(char c) {
    if (done() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void skip_space() {
    while (!done() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
  }
  bool fail(std::string_view why) {
    result_.error_at = at_;
    result_.error = why;
    return false;
  }

  bool document() {
    // One character per open container: { or [.
    std::string open;
    for (;;) {
      // A value is due here.
      skip_space();
      if (const char c = peek(); c == '{' || c == '[') {
        ++at_;
        open.push_back(c);
        result_.depth = std::max(result_.depth, open.size());
        skip_space();
        if (peek() == (c == '{' ? '}' : ']')) {
          ++at_;
          open.pop_back();
        } else {
          if (c == '{' && !key()) return false;
          continue;
        }
      } else if (!scalar()) {
        return false;
      }
      // A value is complete: close what ends here, then go on to the next one.
      for (;;) {
        skip_space();
        if (open.empty()) return done() || fail("something follows the value");
        if (take(',')) {
          skip_space();
          if (open.back() == '{' && !key()) return false;
          break;
        }
        if (!take(open.back() == '{' ? '}' : ']')) return fail("expected , or the end of the object or array");
        open.pop_back();
      }
    }
  }

  bool key() {
    if (peek() != '"') return fail("expected a key");
    if (!string()) return false;
    skip_space();
    return take(':') || fail("expected :");
  }

  bool scalar() {
    switch (peek()) {
      case '"': return string();
      case 't': return word("true");
      case 'f': return word("false");
      case 'n': return word("null");
      default: return number();
    }
  }

  bool word(std::string_view w) {
    if (text_.substr(at_, w.size()) != w) return fail("expected a value");
    at_ += w.size();
    return true;
  }

  bool number() {
    const std::size_t start = at_;
    bool integer = true;
    take('-');
    if (!is_digit(peek())) return fail("expected a value");
    if (!take('0')) {
      while (is_digit(peek())) ++at_;
    } else if (is_digit(peek())) {
      return fail("a number starts with 0");
    }
    if (take('.')) {
      integer = false;
      if (!is_digit(peek())) return fail("expected a digit");
      while (is_digit(peek())) ++at_;
    }
    if (peek() == 'e' || peek() == 'E') {
      integer = false;
      ++at_;
      if (!take('+')) take('-');
      if (!is_digit(peek())) return fail("expected a digit");
      while (is_digit(peek())) ++at_;
    }
    const std::string_view token = text_.substr(start, at_ - start);
    if (overflows(token, integer)) {
      result_.number_overflow = true;
    } else if (integer && needs_more_than_64_bits(token)) {
      result_.big_integers.push_back({start, token.size()});
    }
    return true;
  }

  bool string() {
    ++at_;
    while (!done()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return fail("a control character in a string");
      if (c == '\\' && !escape()) return false;
    }
    return fail("a string does not end");
  }

  bool escape() {
    switch (peek()) {
      case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
        ++at_;
        return true;
      case 'u': break;
      default: return fail("no such escape");
    }
    ++at_;
    const int unit = hex4();
    if (unit < 0) return fail("expected four hexadecimal digits");
    if (unit < 0xd800 || unit > 0xdfff) return true;
    if (unit < 0xdc00 && text_.substr(at_, 2) == "\\u") {
      const std::size_t back = at_;
      at_ += 2;
      const int low = hex4();
      if (low >= 0xdc00 && low <= 0xdfff) return true;
      at_ = back;  // read it again as an escape of its own
    }
    result_.lone_surrogate = true;
    return true;
  }

  int hex4() {
    if (text_.size() - at_ < 4) return -1;
    int value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const char c = text_[at_ + i];
      const int digit = is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
      if (digit < 0) return -1;
      value = value * 16 + digit;
    }
    at_ += 4;
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  json_scan result_;
};

}  // namespace

json_scan scan_json(std::string_view text) {
  return scanner(text).run();
}

std::string wrap_tokens(std::string_view text, const std::vector<json_scan::token>& tokens, std::string_view before,
                        std::string_view after) {
  std::string copy;
  copy.reserve(text.size() + tokens.size() * (before.size() + after.size()));
  std::size_t from = 0;
  for (const auto& t : tokens) {
    copy.append(text, from, t.at - from).append(before).append(text, t.at, t.size).append(after);
    from = t.at + t.size;
  }
  copy.append(text, from);
  return copy;
}

}  // namespace plo
