// plo user: accounts of a data directory that no server holds.
#pragma once

#include <optional>
#include <string>

namespace plo::app {

struct user_options {
  std::string action;  // add, passwd, list
  std::string email;
  std::optional<std::string> data, config;  // one of them says where the data is; data wins
  std::string role = "operator";
  std::string name;
  bool password_from_stdin = false;
};

[[nodiscard]] int manage_users(const user_options& options);

}  // namespace plo::app
