// `plo backup` and `plo restore`.
#pragma once

#include <cstdint>
#include <string>

namespace CLI {
class App;
}

namespace plo::app {

class backup_commands {
public:
  explicit backup_commands(CLI::App& cli);

  [[nodiscard]] bool parsed() const;
  /// Runs the one that was asked for; gives the exit status.
  [[nodiscard]] int run() const;

private:
  [[nodiscard]] int backup() const;
  [[nodiscard]] int restore() const;

  std::string data_, to_, from_;
  unsigned keep_ = 7;
  std::uint32_t id_ = 0;  // 0: the latest
  bool lists_ = false;
  CLI::App* backup_;
  CLI::App* restore_;
};

}  // namespace plo::app
