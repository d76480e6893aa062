#include "domain/rules/value.hpp"

#include <cmath>

#include "domain/rules/coerce.hpp"

namespace plo::rules {

value value::of(bool flag) {
  value v;
  v.kind_ = kind::boolean;
  v.flag_ = flag;
  return v;
}

value value::of(double number) {
  value v;
  v.kind_ = kind::number;
  v.number_ = number;
  return v;
}

value value::of(std::string_view text) {
  value v;
  v.kind_ = kind::text;
  v.data_ = text.data();
  v.size_ = text.size();
  return v;
}

value value::of(plo::instant at) {
  value v;
  v.kind_ = kind::instant;
  v.whole_ = at.time_since_epoch().count();
  return v;
}

value value::of(local_day day) {
  value v;
  v.kind_ = kind::day;
  v.whole_ = day.time_since_epoch().count();
  return v;
}

value value::of(std::span<const value> items) {
  value v;
  v.kind_ = kind::array;
  v.data_ = items.data();
  v.size_ = items.size();
  return v;
}

value value::of(std::span<const member> members) {
  value v;
  v.kind_ = kind::object;
  v.data_ = members.data();
  v.size_ = members.size();
  return v;
}

value value::no_time() {
  value v;
  v.flag_ = true;
  return v;
}

std::span<const value> value::as_array() const {
  return {static_cast<const value*>(data_), size_};
}

std::span<const member> value::as_object() const {
  return {static_cast<const member*>(data_), size_};
}

value value::get(std::string_view key) const {
  if (kind_ != kind::object) return {};
  for (const member& m : as_object()) {
    if (m.key == key) return m.item;
  }
  return {};
}

bool truthy(const value& v) {
  switch (v.what()) {
    case value::kind::null: return false;
    case value::kind::boolean: return v.as_bool();
    case value::kind::number: return v.as_number() != 0 && !std::isnan(v.as_number());
    case value::kind::text: return !v.as_text().empty();
    case value::kind::array: return !v.as_array().empty();
    case value::kind::instant:
    case value::kind::day:
    case value::kind::object: return true;
  }
  return false;
}

namespace {

using simdjson::dom::element_type;

std::string_view kept(std::string_view text, arena& memory, bool own_texts) {
  return own_texts ? copy_text(text, memory) : text;
}

value convert(json::element e, arena& memory, bool own_texts) {
  switch (e.type()) {
    case element_type::NULL_VALUE: return {};
    case element_type::BOOL: return value::of(e.get_bool().value_unsafe());
    case element_type::STRING: return value::of(kept(e.get_string().value_unsafe(), memory, own_texts));
    case element_type::ARRAY: {
      const simdjson::dom::array from = e.get_array().value_unsafe();
      std::size_t size = 0;
      for ([[maybe_unused]] const auto item : from) ++size;  // size() saturates
      const auto items = allocate<value>(size, memory);
      std::size_t i = 0;
      for (const auto item : from) items[i++] = convert(item, memory, own_texts);
      return value::of(std::span<const value>(items));
    }
    case element_type::OBJECT: {
      const simdjson::dom::object from = e.get_object().value_unsafe();
      std::size_t size = 0;
      for ([[maybe_unused]] const auto field : from) ++size;
      const auto members = allocate<member>(size, memory);
      std::size_t i = 0;
      for (const auto field : from) members[i++] = {kept(field.key, memory, own_texts), convert(field.value, memory, own_texts)};
      return value::of(std::span<const member>(members));
    }
    default: {
      double number = 0;
      // Every number of a parsed document is in the range of a double.
      return e.get_double().get(number) ? value() : value::of(number);
    }
  }
}

void write(json_writer& json, const value& v, std::size_t depth) {
  switch (v.what()) {
    case value::kind::null: json.null(); return;
    case value::kind::boolean: json.value(v.as_bool()); return;
    case value::kind::number: json.value(v.as_number()); return;
    case value::kind::text: json.value(v.as_text()); return;
    case value::kind::instant: json.value(v.as_instant()); return;
    case value::kind::day: json.value(v.as_day()); return;
    case value::kind::array:
    case value::kind::object: break;
  }
  // An expression can nest lists as deep as it has steps; what is written must be readable again, and the stack is finite.
  if (depth == max_json_depth) {
    json.null();
  } else if (v.what() == value::kind::array) {
    json.begin_array();
    for (const value& item : v.as_array()) write(json, item, depth + 1);
    json.end_array();
  } else {
    json.begin_object();
    for (const member& m : v.as_object()) {
      json.key(m.key);
      write(json, m.item, depth + 1);
    }
    json.end_object();
  }
}

}  // namespace

value from_json(json::element e, arena& memory) {
  return convert(e, memory, false);
}

value copy_json(json::element e, arena& memory) {
  return convert(e, memory, true);
}

void write(json_writer& json, const value& v) {
  write(json, v, 0);
}

}  // namespace plo::rules
