#include "domain/rules/js_number.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace plo::rules {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

std::string_view without_leading_space(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

/// The length of the decimal number at the front of a text: sign, digits with a point among them, exponent. 0: none.
std::size_t decimal_prefix(std::string_view text) {
  std::size_t at = 0;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
  const std::size_t start = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  std::size_t digits = at - start;
  if (at < text.size() && text[at] == '.') {
    const std::size_t point = at++;
    while (at < text.size() && is_digit(text[at])) ++at;
    digits += at - point - 1;
  }
  if (digits == 0) return 0;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    std::size_t exponent = at + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    if (exponent < text.size() && is_digit(text[exponent])) {
      at = exponent;
      while (at < text.size() && is_digit(text[at])) ++at;
    }
  }
  return at;
}

/// The value of what decimal_prefix found.
double decimal(std::string_view text) {
  const bool negative = text.front() == '-';
  if (text.front() == '+' || negative) text.remove_prefix(1);
  double number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc::result_out_of_range) {
    // from_chars does not say whether it is too large or too close to zero.
    const bool tiny = text.find("e-") != std::string_view::npos || text.find("E-") != std::string_view::npos ||
                      text.find_first_not_of('0') == text.find('.');
    number = tiny ? 0 : infinity;
  }
  return negative ? -number : number;
}

/// `Infinity` with its sign at the front of a text.
std::size_t infinity_prefix(std::string_view text) {
  const std::size_t sign = text.starts_with('+') || text.starts_with('-') ? 1 : 0;
  return text.substr(sign).starts_with("Infinity") ? sign + 8 : 0;
}

double signed_infinity(std::string_view text) {
  return text.front() == '-' ? -infinity : infinity;
}

double number_of_base(std::string_view digits, int base) {
  double number = 0;
  if (digits.empty()) return nan;
  for (const char c : digits) {
    const int digit = is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : base;
    if (digit >= base) return nan;
    number = number * base + digit;
  }
  return number;
}

}  // namespace

double parse_js_number(std::string_view text) {
  text = without_leading_space(text);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  if (text.empty()) return 0;
  if (decimal_prefix(text) == text.size()) return decimal(text);
  if (infinity_prefix(text) == text.size()) return signed_infinity(text);
  if (text.size() > 2 && text[0] == '0') {
    switch (text[1]) {
      case 'x': case 'X': return number_of_base(text.substr(2), 16);
      case 'o': case 'O': return number_of_base(text.substr(2), 8);
      case 'b': case 'B': return number_of_base(text.substr(2), 2);
      default: break;
    }
  }
  return nan;
}

double leading_js_number(std::string_view text) {
  text = without_leading_space(text);
  if (infinity_prefix(text) != 0) return signed_infinity(text);
  const std::size_t size = decimal_prefix(text);
  return size == 0 ? nan : decimal(text.substr(0, size));
}

js_number_text::js_number_text(double number) {
  if (std::isnan(number)) {
    put("NaN");
  } else if (number == 0) {
    put("0");
  } else {
    if (number < 0) put("-");
    if (std::isinf(number)) put("Infinity");
    else write(std::abs(number));
  }
}

void js_number_text::write(double number) {
  std::array<char, 32> shortest;
  const auto end = std::to_chars(shortest.data(), shortest.data() + shortest.size(), number, std::chars_format::scientific).ptr;
  const std::string_view written(shortest.data(), static_cast<std::size_t>(end - shortest.data()));
  const auto e = written.find('e');
  std::array<char, 20> all;
  std::size_t count = 0;
  for (const char c : written.substr(0, e)) {
    if (c != '.') all[count++] = c;
  }
  const std::string_view digits(all.data(), count);
  int exponent = 0;
  std::from_chars(written.data() + e + (written[e + 1] == '+' ? 2 : 1), end, exponent);
  place(digits, exponent + 1);
}

void js_number_text::put(std::string_view part) {
  std::copy(part.begin(), part.end(), text_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += part.size();
}

void js_number_text::zeros(int count) {
  for (; count > 0; --count) put("0");
}

/// `point`: where the decimal point stands, counted from the first digit.
void js_number_text::place(std::string_view digits, int point) {
  const int count = static_cast<int>(digits.size());
  if (point > 21 || point <= -6) {
    put(digits.substr(0, 1));
    if (count > 1) put("."), put(digits.substr(1));
    put(point > 0 ? "e+" : "e-");
    std::array<char, 8> written;
    const auto end = std::to_chars(written.data(), written.data() + written.size(), std::abs(point - 1)).ptr;
    put({written.data(), static_cast<std::size_t>(end - written.data())});
  } else if (point <= 0) {
    put("0."), zeros(-point), put(digits);
  } else if (point >= count) {
    put(digits), zeros(point - count);
  } else {
    put(digits.substr(0, static_cast<std::size_t>(point))), put("."), put(digits.substr(static_cast<std::size_t>(point)));
  }
}

}  // namespace plo::rules
