// The subcommands of `plo`. Each returns the exit status and prints its own messages.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace plo::app {

struct serve_options {
  std::string config;
  std::optional<std::string> data;
  std::optional<std::string> listen;
  std::string clock = "wall";
  std::function<void(const std::string& url)> started = {};  // called once requests are taken
};
[[nodiscard]] int serve(const serve_options& options);

struct import_options {
  std::string file;
  std::string config;
  std::string data;
  std::string clock = "wall";
};
[[nodiscard]] int import_events(const import_options& options);

/// `plo rules check`: says of each file what is wrong and where.
[[nodiscard]] int check_rules(const std::vector<std::string>& files);

}  // namespace plo::app
