// One table of a TOML file, read strictly: what nobody asks for, or is of another type, is refused with its line.
// For the readers in config/ alone; what they give away is free of toml++.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "config/values.hpp"

namespace plo::config {

/// A refusal on its way out of the reader; it knows the line, parse_settings adds the file.
struct refusal {
  std::uint32_t line;
  std::string reason;
};

[[noreturn]] inline void refuse(const toml::source_region& where, std::string reason) {
  throw refusal{where.begin.line, std::move(reason)};
}

/// Maps a TOML type to the words of an error message.
template <class T>
constexpr std::string_view type_name() {
  if constexpr (std::is_same_v<T, std::string>) return "a string";
  if constexpr (std::is_same_v<T, std::int64_t>) return "an integer";
  if constexpr (std::is_same_v<T, toml::array>) return "a list";
  if constexpr (std::is_same_v<T, toml::table>) return "a table";
}

/// One table of the file. Each key is asked for by name; finish() refuses those nobody asked for.
class section {
public:
  section(const toml::table& table, std::string path) : table_(table), path_(std::move(path)) {}

  [[nodiscard]] const toml::source_region& where() const { return table_.source(); }
  [[nodiscard]] const std::string& path() const { return path_; }

  [[nodiscard]] std::string name_of(std::string_view key) const {
    return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
  }

  /// The node of `key`, of TOML type T; null when absent.
  template <class T>
  const toml::node* find(std::string_view key) {
    asked_.emplace(key);
    const toml::node* node = table_.get(key);
    if (node) require<T>(*node, name_of(key));
    return node;
  }

  /// Calls `use(text, node)` when the string is given; `use` answers with an error sentence or nothing.
  template <class Use>
  void text(std::string_view key, Use use) {
    if (const auto* node = find<std::string>(key)) {
      if (std::string reason = use(**node->as_string()); !reason.empty()) {
        refuse(node->source(), fmt::format("{}: {}", name_of(key), reason));
      }
    }
  }

  void text(std::string_view key, std::string& out) {
    text(key, [&](const std::string& value) { return out = value, std::string(); });
  }

  template <class Integer>
  void integer(std::string_view key, Integer& out, std::int64_t least, std::int64_t most) {
    if (const auto* node = find<std::int64_t>(key)) {
      const std::int64_t value = **node->as_integer();
      if (value < least || value > most) {
        refuse(node->source(), fmt::format("{}: {} is not between {} and {}", name_of(key), value, least, most));
      }
      out = static_cast<Integer>(value);
    }
  }

  void duration(std::string_view key, std::chrono::milliseconds& out) {
    text(key, [&](const std::string& value) -> std::string {
      const auto parsed = parse_duration(value);
      if (!parsed) return parsed.error();
      if (parsed->count() == 0) return "a duration above zero is needed";
      out = *parsed;
      return {};
    });
  }

  /// Calls `use(text)` for each string of the list; `use` answers with an error sentence or nothing.
  template <class Use>
  void texts(std::string_view key, Use use) {
    const auto* node = find<toml::array>(key);
    if (!node) return;
    for (const toml::node& element : *node->as_array()) {
      require<std::string>(element, fmt::format("each element of {}", name_of(key)));
      if (std::string reason = use(**element.as_string()); !reason.empty()) {
        refuse(element.source(), fmt::format("{}: {}", name_of(key), reason));
      }
    }
  }

  /// The same for each integer of the list, which must lie between `least` and `most`.
  template <class Use>
  void integers(std::string_view key, std::int64_t least, std::int64_t most, Use use) {
    const auto* node = find<toml::array>(key);
    if (!node) return;
    for (const toml::node& element : *node->as_array()) {
      require<std::int64_t>(element, fmt::format("each element of {}", name_of(key)));
      const std::int64_t value = **element.as_integer();
      if (value < least || value > most) {
        refuse(element.source(), fmt::format("{}: {} is not between {} and {}", name_of(key), value, least, most));
      }
      if (std::string reason = use(value); !reason.empty()) refuse(element.source(), fmt::format("{}: {}", name_of(key), reason));
    }
  }

  /// Reads each table of the list, and refuses what `read` left over of it.
  template <class Read>
  void tables(std::string_view key, Read read) {
    const auto* node = find<toml::array>(key);
    if (!node) return;
    for (const toml::node& element : *node->as_array()) {
      require<toml::table>(element, fmt::format("each element of {}", name_of(key)));
      section inner(*element.as_table(), name_of(key));
      read(inner);
      inner.finish();
    }
  }

  /// Reads the sub-table of `key` when it is there, and refuses what `read` left over.
  template <class Read>
  void table(std::string_view key, Read read) {
    if (const auto* node = find<toml::table>(key)) {
      section inner(*node->as_table(), name_of(key));
      read(inner);
      inner.finish();
    }
  }

  /// The names of the table's keys, for tables whose keys are free.
  [[nodiscard]] std::vector<std::string> keys() const {
    std::vector<std::string> names;
    for (auto&& [key, node] : table_) names.emplace_back(key.str());
    return names;
  }

  [[nodiscard]] const toml::source_region& where_key(std::string_view name) const {
    return table_.find(name)->first.source();
  }

  /// Refuses the keys nobody asked for.
  void finish() const {
    for (auto&& [key, node] : table_) {
      if (!asked_.contains(key.str())) refuse(key.source(), fmt::format("unknown key {}", name_of(key.str())));
    }
  }

private:
  template <class T>
  static void require(const toml::node& node, std::string_view name) {
    if (!node.is<T>()) refuse(node.source(), fmt::format("{} must be {}", name, type_name<T>()));
  }

  const toml::table& table_;
  std::string path_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace plo::config
