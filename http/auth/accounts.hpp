// What signing in must know of the accounts, wherever they are kept.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "domain/event/ids.hpp"
#include "domain/event/role.hpp"

namespace plo::http {

struct account_standing {
  user_id id;
  std::string email;
  plo::role role = plo::role::viewer;
  bool active = false;
  std::uint64_t credentials = 0;  // version of the password
};

/// As the accounts are at each call. Any thread may call.
struct accounts_view {
  std::function<std::optional<account_standing>(const user_id&)> find;
  std::function<bool(std::string_view session_id)> has_ended;
};

}  // namespace plo::http
