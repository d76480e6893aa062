// Numbers as JavaScript reads and writes them. Internal to domain/rules.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace plo::rules {

/// `Number(text)`: white space around it does not count, "" is 0; NaN for anything but a number.
[[nodiscard]] double parse_js_number(std::string_view text);

/// `parseFloat(text)`: the decimal number at its front; NaN when there is none.
[[nodiscard]] double leading_js_number(std::string_view text);

/// `String(number)`: all digits from 1e-6 to 1e21, an exponent beyond.
class js_number_text {
public:
  explicit js_number_text(double number);
  [[nodiscard]] std::string_view view() const { return {text_.data(), size_}; }

private:
  void write(double number);
  void place(std::string_view digits, int point);
  void put(std::string_view part);
  void zeros(int count);

  std::array<char, 40> text_;
  std::size_t size_ = 0;
};

}  // namespace plo::rules
