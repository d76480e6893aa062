// What several subcommands ask of their options.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace plo::app {

/// An empty name is a slip of a script, and no folder or file.
inline const CLI::Validator names_something([](const std::string& text) { return text.empty() ? std::string("a name is needed, and it is empty") : std::string(); }, "");

}  // namespace plo::app
