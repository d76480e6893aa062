#include "app/rules.hpp"

#include <fstream>
#include <iostream>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "app/commands.hpp"
#include "app/exit_status.hpp"
#include "config/embedded.hpp"
#include "config/rules_file.hpp"

namespace plo::app {

namespace {

rule_file check(std::string_view toml, const std::string& file) {
  rule_file checked;
  const auto texts = config::parse_rules(toml, file);
  if (!texts) {
    checked.complaints.push_back(texts.error().message());
    return checked;
  }
  std::map<std::string, std::uint32_t> lines;
  for (std::size_t i = 0; i < texts->size(); ++i) {
    const auto& text = (*texts)[i];
    const auto document = json_document::parse(text.json, max_json_depth);
    if (!document) {
      checked.complaints.push_back(fmt::format("{}:{}: {}", file, text.line, document.error().detail));
      continue;
    }
    auto rule = rules::parse_rule(document->root());
    if (!rule) {
      for (const auto& error : rule.error())
        checked.complaints.push_back(fmt::format("{}:{}: {}: {}", file, config::line_of(toml, i, error.pointer),
                                                 error.pointer.empty() ? "/" : error.pointer, error.message));
      continue;
    }
    const auto [first, fresh] = lines.emplace((*rule)->id, text.line);
    if (fresh) checked.rules.push_back(*rule);
    else checked.complaints.push_back(fmt::format("{}:{}: /id: '{}' is defined at line {} already", file, text.line, (*rule)->id, first->second));
  }
  return checked;
}

}  // namespace

rule_file read_rule_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return {{}, {fmt::format("{}: the file cannot be read", file.string())}};
  return check(std::string(std::istreambuf_iterator<char>(in), {}), file.string());
}

rule_file built_in_rules() { return check(config::embedded::rules, "the built-in catalogue"); }

int check_rules(const std::vector<std::string>& files) {
  bool all_good = true;
  for (const auto& file : files) {
    if (!std::ifstream(file)) {
      std::cerr << "plo: " << file << ": the file cannot be read\n";
      return bad_usage;
    }
    const auto checked = read_rule_file(file);
    for (const auto& complaint : checked.complaints) std::cout << complaint << "\n";
    if (checked.complaints.empty()) fmt::print("{}: {} rules, nothing wrong\n", file, checked.rules.size());
    else all_good = false;
  }
  return all_good ? done : check_failed;
}

}  // namespace plo::app
