// How facts are told from the project's state: tables of named fields. Internal to the facts*.cpp files.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "domain/rules/facts.hpp"

namespace plo::rules::tell {

/// What a getter may need beside the thing itself.
struct surroundings {
  const project_state& state;
  const domain_settings& settings;
  arena& memory;
};

template <class T>
struct field {
  std::string_view name;
  value (*get)(const T&, const surroundings&);
};

template <class T, class Fill>
std::span<const T> make_list(std::size_t size, arena& memory, Fill fill) {
  if (size == 0) return {};
  auto* items = static_cast<T*>(memory.allocate(sizeof(T) * size, alignof(T)));
  for (std::size_t i = 0; i < size; ++i) std::construct_at(items + i, fill(i));
  return {items, size};
}

/// The type that the thing tells, whatever the length of the table.
template <class T>
using fields_of = std::span<const field<std::type_identity_t<T>>>;

template <class T>
value all_of(const T& thing, fields_of<T> fields, const surroundings& with) {
  return value::of(make_list<member>(fields.size(), with.memory,
                                     [&](std::size_t i) { return member{fields[i].name, fields[i].get(thing, with)}; }));
}

/// Down from a value; list elements by number.
inline value walk(value v, fact_path path, arena& memory) {
  return path.empty() ? v : value_facts(v).get(path, memory);
}

template <class T>
value pick(const T& thing, fields_of<T> fields, fact_path path, const surroundings& with) {
  if (path.empty()) return all_of(thing, fields, with);
  for (const auto& f : fields)
    if (f.name == path.front()) return walk(f.get(thing, with), path.subspan(1), with.memory);
  return {};
}
template <class T>
value list_of(const std::vector<T>& list, fields_of<T> fields, const surroundings& with) {
  return value::of(make_list<value>(list.size(), with.memory, [&](std::size_t i) { return all_of(list[i], fields, with); }));
}

inline value text(std::string_view s) { return s.empty() ? value() : value::of(s); }
inline value text(const std::string& s) { return text(std::string_view(s)); }
inline value text(const std::optional<std::string>& s) { return s ? value::of(std::string_view(*s)) : value(); }
inline value number(double n) { return value::of(n); }
inline value texts(const std::vector<std::string>& list, arena& memory) {
  return value::of(make_list<value>(list.size(), memory, [&](std::size_t i) { return value::of(std::string_view(list[i])); }));
}
inline std::string_view copy_text(std::string_view from, arena& memory) {
  if (from.empty()) return {};
  auto* to = static_cast<char*>(memory.allocate(from.size(), 1));
  std::copy(from.begin(), from.end(), to);
  return {to, from.size()};
}
/// Stored JSON, with texts of its own.
[[nodiscard]] value json_text(const std::optional<std::string>& stored, arena& memory);

/// One of the steps by its type, or all as an object.
[[nodiscard]] value step_fact(const std::vector<step>& steps, const std::vector<step>* more, fact_path path, const surroundings& with);
[[nodiscard]] value order_fact(const order& o, fact_path path, const surroundings& with);
[[nodiscard]] value order_list(const std::vector<order>& orders, const surroundings& with);

/// The part of a project that a root names; `e` is what is judged.
[[nodiscard]] value state_fact(const project_state& state, const entity& e, std::string_view root, fact_path rest, const surroundings& with);

}  // namespace plo::rules::tell
