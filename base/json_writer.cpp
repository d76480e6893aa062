#include <array>
#include <charconv>
#include <cmath>

#include "base/json.hpp"
#include "base/printable.hpp"

namespace plo {

namespace {

constexpr std::string_view hex = "0123456789abcdef";

/// What follows the backslash: 0 for characters that stand for themselves, u for those without a short form.
constexpr auto escapes = [] {
  std::array<char, 256> table{};
  for (int c = 0; c < 0x20; ++c) table[static_cast<std::size_t>(c)] = 'u';
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  table['"'] = '"';
  table['\\'] = '\\';
  return table;
}();

void append_string(std::string& to, std::string_view given) {
  std::string mended;
  std::string_view text = given;
  if (!simdjson::validate_utf8(given.data(), given.size())) text = mended = as_utf8(given);
  to.push_back('"');
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const char escape = escapes[c];
    if (escape == 0) continue;
    to.append(text, plain, i - plain);
    plain = i + 1;
    to.push_back('\\');
    to.push_back(escape);
    if (escape == 'u') to.append("00").append(1, hex[c >> 4]).append(1, hex[c & 0x0f]);
  }
  to.append(text, plain);
  to.push_back('"');
}

template <class Number>
void append_number(std::string& to, Number number) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  to.append(digits.data(), end);
}

}  // namespace

json_writer::json_writer() {
  text_.reserve(256);
}

void json_writer::next() {
  if (after_value_) text_.push_back(',');
  after_value_ = true;
}

json_writer& json_writer::begin_object() {
  next();
  text_.push_back('{');
  after_value_ = false;
  return *this;
}
json_writer& json_writer::end_object() {
  text_.push_back('}');
  after_value_ = true;
  return *this;
}
json_writer& json_writer::begin_array() {
  next();
  text_.push_back('[');
  after_value_ = false;
  return *this;
}
json_writer& json_writer::end_array() {
  text_.push_back(']');
  after_value_ = true;
  return *this;
}
json_writer& json_writer::key(std::string_view name) {
  next();
  append_string(text_, name);
  text_.push_back(':');
  after_value_ = false;
  return *this;
}
json_writer& json_writer::value(std::string_view text) {
  next();
  append_string(text_, text);
  return *this;
}
json_writer& json_writer::value(bool flag) {
  return raw(flag ? "true" : "false");
}
json_writer& json_writer::value(double number) {
  // JSON has no infinities. Whole numbers up to 2^53 are exact, so `2` is written for 2.0.
  if (!std::isfinite(number)) return null();
  if (std::abs(number) <= 9007199254740992.0 && std::trunc(number) == number) return value(static_cast<std::int64_t>(number));
  next();
  append_number(text_, number);
  return *this;
}
json_writer& json_writer::value(std::uint64_t number) {
  next();
  append_number(text_, number);
  return *this;
}
json_writer& json_writer::value(std::int64_t number) {
  next();
  append_number(text_, number);
  return *this;
}
json_writer& json_writer::value(instant at) {
  return value(std::string_view(format_instant(at)));
}
json_writer& json_writer::value(local_day day) {
  return value(std::string_view(format_day(day)));
}
json_writer& json_writer::value(const uuid& id) {
  return value(std::string_view(id.to_string()));
}
json_writer& json_writer::null() {
  return raw("null");
}
json_writer& json_writer::raw(std::string_view json) {
  next();
  text_.append(json);
  return *this;
}

}  // namespace plo
