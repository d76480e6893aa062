#include "domain/project/kept_facts.hpp"

#include <algorithm>
#include <string_view>

#include "base/json.hpp"

namespace plo {

namespace {

constexpr std::size_t max_fact_bytes = 4096;         // of one value
constexpr std::size_t max_facts_bytes = 256 * 1024;  // of all of them
/// With the three levels that the anomaly puts around a value it is no deeper than what comes from outside may be.
constexpr std::size_t max_fact_depth = max_json_depth - 3;

/// How deep a valid JSON text is nested.
std::size_t depth_of(std::string_view json) {
  std::size_t depth = 0, deepest = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_text) {
      if (c == '\\') ++i;
      else in_text = c != '"';
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace

std::string kept_facts(std::span<const rules::fact_read> reads) {
  json_writer w;
  w.begin_array();
  for (const auto& read : reads) {
    json_writer one;
    rules::write(one, read.read);
    w.begin_object().field("path", read.path);
    const bool small = one.view().size() <= max_fact_bytes && w.view().size() + one.view().size() <= max_facts_bytes;
    if (small && depth_of(one.view()) <= max_fact_depth) w.field_raw("value", one.view());
    else w.key("value").null().field("truncated", true);
    w.end_object();
  }
  w.end_array();
  return w.str();
}

}  // namespace plo
