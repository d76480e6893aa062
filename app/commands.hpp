// The subcommands of `plo`. Each returns the exit status and prints its own messages.
#pragma once

#include <optional>
#include <string>

namespace plo::app {

struct serve_options {
  std::string config;
  std::optional<std::string> data;
  std::optional<std::string> listen;
  std::string clock = "wall";
};
[[nodiscard]] int serve(const serve_options& options);

struct import_options {
  std::string file;
  std::string config;
  std::string data;
  std::string clock = "wall";
};
[[nodiscard]] int import_events(const import_options& options);

}  // namespace plo::app
