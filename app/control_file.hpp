// DATA/control.json: how a subcommand reaches the server that holds the data directory.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace plo::app {

struct control_access {
  std::string url;
  long pid = 0;
  std::string token;
};

/// A new token, which nobody can guess.
[[nodiscard]] std::string make_control_token();

/// There as long as the server takes requests; readable for its user alone. A killed server leaves it behind.
class control_file {
public:
  control_file(const std::filesystem::path& data_dir, const std::string& url, const std::string& token);
  ~control_file();
  control_file(const control_file&) = delete;
  control_file& operator=(const control_file&) = delete;

private:
  std::filesystem::path file_;
};

/// What the file says; empty when there is none, or none that can be read.
[[nodiscard]] std::optional<control_access> read_control_file(const std::filesystem::path& data_dir);

}  // namespace plo::app
