// What an operator may do. Each role may do what the ones before it may.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace plo {

enum class role : std::uint8_t {
  viewer = 1,     // reads
  operator_ = 2,  // and commands
  admin = 3,      // and changes rules and accounts
};

[[nodiscard]] constexpr std::string_view to_string(role r) {
  switch (r) {
    case role::viewer: return "viewer";
    case role::operator_: return "operator";
    case role::admin: return "admin";
  }
  return "viewer";
}

[[nodiscard]] constexpr std::optional<role> parse_role(std::string_view name) {
  for (const auto r : {role::viewer, role::operator_, role::admin})
    if (name == to_string(r)) return r;
  return std::nullopt;
}

}  // namespace plo
