// `plo replay`: the audit tool. Reads a log, beside a running server or without one, and changes nothing of it.
#pragma once

#include <functional>
#include <memory>
#include <optional>

namespace CLI {
class App;
}

namespace plo::app {

/// The command line of `plo replay` and its subcommands.
class replay_command {
public:
  explicit replay_command(CLI::App& cli);
  ~replay_command();
  replay_command(const replay_command&) = delete;
  replay_command& operator=(const replay_command&) = delete;

  [[nodiscard]] bool parsed() const;
  /// Runs what was asked for; gives the exit status.
  [[nodiscard]] int run() const;

private:
  struct words;
  std::unique_ptr<words> words_;
  CLI::App* command_;
  std::function<int()> chosen_;
};

}  // namespace plo::app
