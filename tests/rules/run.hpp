// Runs expressions given as text.
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "domain/rules/jsonlogic.hpp"

namespace plo::rules {

inline std::vector<definition_error> errors_of(std::string_view rule, std::vector<std::string_view> roots = {}) {
  const auto parsed = json_document::parse(rule).value();
  const auto compiled = expression::compile(parsed.root(), {roots});
  return compiled ? std::vector<definition_error>() : compiled.error();
}

/// An expression whose definition is right.
inline expression compiled(std::string_view rule) {
  const auto parsed = json_document::parse(rule).value();
  auto compiled = expression::compile(parsed.root(), {});
  if (!compiled) throw std::invalid_argument(compiled.error().front().pointer + ": " + compiled.error().front().message);
  return *std::move(compiled);
}

inline std::string to_json(const value& v) {
  json_writer json;
  write(json, v);
  return json.str();
}

/// What a rule gives, as JSON.
inline std::string run(std::string_view rule, const value& facts, zone tz = zone::utc(), const business_calendar* calendar = nullptr) {
  std::pmr::monotonic_buffer_resource memory;
  return to_json(compiled(rule).evaluate({value_facts(facts), memory, tz, calendar}));
}

inline std::string run(std::string_view rule, std::string_view facts = "null", zone tz = zone::utc(),
                       const business_calendar* calendar = nullptr) {
  std::pmr::monotonic_buffer_resource memory;
  const auto parsed = json_document::parse(facts).value();
  return run(rule, from_json(parsed.root(), memory), tz, calendar);
}

}  // namespace plo::rules
