#include "config/values.hpp"

#include <fstream>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include <fmt/format.h>
#include <sodium.h>

#include "config/config.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace plo::config {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest_duration = std::chrono::hours(24 * 365 * 100);

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes the digits at the front of `text`.
std::string_view take_digits(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const auto digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

/// A fraction's digits as thousandths, cut after the third.
std::int64_t thousandths(std::string_view digits) {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < 3; ++i) value = value * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  return value;
}

}  // namespace

tl::expected<milliseconds, std::string> parse_duration(std::string_view text) {
  const auto refuse = [text](std::string_view why) {
    return tl::make_unexpected(fmt::format("'{}' is not an ISO 8601 duration such as PT72H or P3D: {}", text, why));
  };
  struct unit {
    char designator;
    bool of_time;
    std::int64_t in_ms;
  };
  // In the order in which they must appear.
  static constexpr std::array<unit, 5> units{{{'W', false, 604'800'000},
                                              {'D', false, 86'400'000},
                                              {'H', true, 3'600'000},
                                              {'M', true, 60'000},
                                              {'S', true, 1'000}}};
  auto rest = text;
  if (!rest.starts_with('P')) return refuse("it does not start with P");
  rest.remove_prefix(1);

  std::int64_t total = 0;
  bool in_time = false;
  auto next_unit = units.begin();
  if (rest.empty()) return refuse("it has no parts");
  while (!rest.empty()) {
    if (!in_time && rest.front() == 'T') {
      in_time = true;
      rest.remove_prefix(1);
    }
    const auto digits = take_digits(rest);
    std::int64_t number = 0;
    // Nine digits of the longest unit stay within 64 bits.
    if (digits.empty() || digits.size() > 9) return refuse("a number is missing or too large");
    std::from_chars(digits.data(), digits.data() + digits.size(), number);

    std::string_view fraction;
    if (rest.starts_with('.')) {
      rest.remove_prefix(1);
      fraction = take_digits(rest);
      if (fraction.empty() || !rest.starts_with('S')) return refuse("only seconds may have a fraction");
    }
    const auto found = std::find_if(next_unit, units.end(), [&](const unit& u) {
      return rest.starts_with(u.designator) && u.of_time == in_time;
    });
    if (found == units.end()) return refuse("units are W, D, then T and H, M, S, each once");
    total += number * found->in_ms + thousandths(fraction);
    if (total > longest_duration.count()) return refuse("it is longer than a hundred years");
    rest.remove_prefix(1);
    next_unit = found + 1;
  }
  return milliseconds(total);
}

tl::expected<endpoint, std::string> parse_endpoint(std::string_view text) {
  const auto refuse = [text](std::string_view why) {
    return tl::make_unexpected(fmt::format("'{}' is not HOST:PORT: {}", text, why));
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse("the port is missing");
  auto host = text.substr(0, colon);
  const auto port_text = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return refuse("an IPv6 address stands in brackets, as in [::1]:8080");
  }
  if (host.empty()) return refuse("the host is missing");
  const auto in_host = [](unsigned char c) { return c > ' ' && c != '/' && c != '[' && c != ']' && c < 0x7f; };
  if (!std::all_of(host.begin(), host.end(), in_host)) return refuse("the host holds a character that none has");

  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc{} || end != port_text.data() + port_text.size()) {
    return refuse("the port is a number from 0 to 65535");
  }
  return endpoint{std::string(host), port};
}

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size());
  std::array<char, 2 * crypto_hash_sha256_BYTES + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
  return hex.data();
}

bool is_event_type(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return false;
  const auto is_word = [](std::string_view word) {
    return !word.empty() &&
           std::all_of(word.begin(), word.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  };
  return is_word(text.substr(0, dot)) && is_word(text.substr(dot + 1));
}

bool is_variable_name(std::string_view text) {
  const auto in_name = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || is_digit(c) || c == '_';
  };
  return !text.empty() && !is_digit(text[0]) && std::all_of(text.begin(), text.end(), in_name);
}

bool is_mail_address(std::string_view text) {
  constexpr std::string_view special = "\"(),:;<>[\\]";
  const auto allowed = [&](char c) { return c > ' ' && c < 0x7f && special.find(c) == std::string_view::npos; };
  const auto at = text.find('@');
  return text.size() <= 254 && std::all_of(text.begin(), text.end(), allowed) && at != 0 && at != std::string_view::npos &&
         at + 1 < text.size() && text.find('@', at + 1) == std::string_view::npos;
}

bool is_network(std::string_view text) {
  const auto slash = text.find('/');
  const std::string address(text.substr(0, slash));
  in6_addr parsed{};
  const bool v4 = ::inet_pton(AF_INET, address.c_str(), &parsed) == 1;
  if (!v4 && ::inet_pton(AF_INET6, address.c_str(), &parsed) != 1) return false;
  if (slash == std::string_view::npos) return true;
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(text.data() + slash + 1, text.data() + text.size(), bits);
  return error == std::errc() && end == text.data() + text.size() && bits <= (v4 ? 32u : 128u);
}

bool is_url(std::string_view text, std::initializer_list<std::string_view> schemes) {
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c <= ' ' || c >= 0x7f; })) return false;
  return std::any_of(schemes.begin(), schemes.end(), [text](std::string_view scheme) {
    if (!text.starts_with(scheme)) return false;
    const auto rest = text.substr(scheme.size());
    return rest.starts_with("://") && rest.size() > 3 && rest[3] != '/';
  });
}

bool is_readable(const std::filesystem::path& file) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(file, ignored) && std::ifstream(file).good();
}

}  // namespace plo::config
