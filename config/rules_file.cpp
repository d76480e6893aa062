#include "config/rules_file.hpp"

#include <fstream>
#include <iterator>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <toml++/toml.h>

#include "config/values.hpp"

namespace plo::config {

namespace {

using json = nlohmann::ordered_json;

struct refusal {
  std::uint32_t line;
  std::string reason;
};

json json_of(const toml::node& node) {
  if (const auto* table = node.as_table()) {
    auto object = json::object();
    for (const auto& [key, value] : *table) object[std::string(key.str())] = json_of(value);
    return object;
  }
  if (const auto* array = node.as_array()) {
    auto list = json::array();
    for (const auto& value : *array) list.push_back(json_of(value));
    return list;
  }
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* number = node.as_floating_point()) return number->get();
  if (const auto* flag = node.as_boolean()) return flag->get();
  throw refusal{node.source().begin.line, "dates are written as texts"};
}

json condition_of(const toml::node& node, std::string_view key) {
  const auto* text = node.as_string();
  if (text == nullptr) throw refusal{node.source().begin.line, fmt::format("'{}' must be JsonLogic in a text", key)};
  try {
    return json::parse(text->get());
  } catch (const json::parse_error& error) {
    throw refusal{node.source().begin.line, fmt::format("'{}' is not JSON: {}", key, error.what())};
  }
}

rule_text rule_of(const toml::node& node, const std::string& file) {
  const auto* table = node.as_table();
  if (table == nullptr) throw refusal{node.source().begin.line, "a rule must be a table: [[rule]]"};
  auto object = json::object();
  for (const auto& [name, value] : *table) {
    const std::string key(name.str());
    object[key] = key == "when" || key == "resolve_when" ? condition_of(value, key) : json_of(value);
  }
  return {object.dump(), node.source().begin.line, file};
}

}  // namespace

result<std::vector<rule_text>> parse_rules(std::string_view text, const std::string& file) {
  const auto refused = [&](std::uint32_t line, std::string reason) {
    return tl::make_unexpected(config_error{file, line, std::move(reason)});
  };
  try {
    const auto root = toml::parse(text, file);
    std::vector<rule_text> rules;
    for (const auto& [key, value] : root) {
      if (key.str() != "rule") return refused(value.source().begin.line, fmt::format("unknown key '{}'", std::string(key.str())));
      const auto* list = value.as_array();
      if (list == nullptr) return refused(value.source().begin.line, "rules are written as [[rule]]");
      for (const auto& item : *list) rules.push_back(rule_of(item, file));
    }
    return rules;
  } catch (const toml::parse_error& error) {
    return refused(error.source().begin.line, std::string(error.description()));
  } catch (const refusal& error) {
    return refused(error.line, error.reason);
  }
}

result<std::vector<rule_text>> read_rules(const std::filesystem::path& file) {
  if (!is_readable(file)) return tl::make_unexpected(config_error{file.string(), 0, "the file cannot be read"});
  std::ifstream in(file, std::ios::binary);
  return parse_rules(std::string(std::istreambuf_iterator<char>(in), {}), file.string());
}

std::uint32_t line_of(std::string_view text, std::size_t rule_index, std::string_view pointer) {
  try {
    const auto root = toml::parse(text);
    const toml::node* at = root.get("rule");
    if (at != nullptr && at->as_array() != nullptr) at = at->as_array()->get(rule_index);
    std::uint32_t line = at != nullptr ? at->source().begin.line : 0;
    while (at != nullptr && !pointer.empty()) {
      pointer.remove_prefix(1);
      const auto end = pointer.find('/');
      const std::string key(pointer.substr(0, end));
      pointer = end == std::string_view::npos ? "" : pointer.substr(end);
      if (const auto* table = at->as_table()) at = table->get(key);
      else if (const auto* list = at->as_array()) at = list->get(static_cast<std::size_t>(std::strtoul(key.c_str(), nullptr, 10)));
      else break;  // inside a condition: the text's first line
      if (at != nullptr) line = at->source().begin.line;
    }
    return line;
  } catch (const toml::parse_error&) {
    return 0;
  }
}

}  // namespace plo::config
