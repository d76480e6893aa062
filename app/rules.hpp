// Rule files: from TOML to checked rules, with messages that name file, line and place.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "domain/rules/rule.hpp"

namespace plo::app {

struct rule_file {
  std::vector<rules::rule_pointer> rules;
  std::vector<std::string> complaints;  // `FILE:LINE: /POINTER: what is wrong`
};

/// Reads a file of rules and checks every one. Everything that is wrong, as far as it can be read.
[[nodiscard]] rule_file read_rule_file(const std::filesystem::path& file);
/// The catalogue that the binary carries with it.
[[nodiscard]] rule_file built_in_rules();

}  // namespace plo::app
