// A file of rules (TOML, see config/rules.toml) as JSON definitions; what the definitions mean is checked by whoever reads them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace plo::config {

/// One `[[rule]]` of a file.
struct rule_text {
  std::string json;        // the definition; `when` and `resolve_when` as JSON values
  std::uint32_t line = 0;  // where it begins
  std::string file;
};

/// Conditions are JSON in TOML texts: one that is not JSON is an error here, with its line.
[[nodiscard]] result<std::vector<rule_text>> read_rules(const std::filesystem::path& file);
[[nodiscard]] result<std::vector<rule_text>> parse_rules(std::string_view toml, const std::string& file);

/// The line of a place in a rule, given as JSON pointer; as near as TOML tells.
[[nodiscard]] std::uint32_t line_of(std::string_view toml, std::size_t rule_index, std::string_view pointer);

}  // namespace plo::config
