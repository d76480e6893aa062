// Reading and writing JSON, the same way everywhere.
//
// Reading: simdjson's DOM. Numbers stay as they were written wherever text is kept; a number too large for 64 bits is read
// as a double, one too large for a double is an error.
// Writing: straight into a string, escaped as RFC 8259 asks; no tree is built.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <simdjson.h>
#include <tl/expected.hpp>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace plo {

/// What comes from outside may be nested this deep (an array or object counts one).
inline constexpr std::size_t max_json_depth = 64;

/// What is read back may be deeper: the log wraps what a client sent (a dead letter its payload, an anomaly its facts, a rule its
/// conditions), and whatever was taken in must stay readable.
inline constexpr std::size_t max_stored_json_depth = 256;

/// Why a text could not be read.
struct json_error {
  enum class kind {
    not_json,          // a syntax error, invalid UTF-8, an empty text
    too_deep,          // deeper than allowed
    number_overflow,   // a number beyond the range of a double
    lone_surrogate,    // \ud800 without its partner
  };
  kind what = kind::not_json;
  std::string detail;  // a sentence for people
};

/// A parsed text. Owns everything its elements refer to; move-only.
class json_document {
public:
  /// Whoever takes JSON from outside passes max_json_depth.
  [[nodiscard]] static tl::expected<json_document, json_error> parse(std::string_view text, std::size_t deepest = max_stored_json_depth);
  [[nodiscard]] simdjson::dom::element root() const { return root_; }

private:
  json_document() = default;
  // A parser goes back to its thread's pool: making one costs more than reading a small document.
  struct recycle {
    void operator()(simdjson::dom::parser* parser) const noexcept;
  };
  std::unique_ptr<simdjson::dom::parser, recycle> parser_;
  simdjson::dom::element root_;
};

/// Access that never throws: absent, null and wrong type are all empty.
namespace json {
using element = simdjson::dom::element;
[[nodiscard]] std::optional<element> get(element object, std::string_view key);        // empty for null too
[[nodiscard]] std::optional<std::string_view> get_string(element object, std::string_view key);
[[nodiscard]] std::optional<double> get_number(element object, std::string_view key);
[[nodiscard]] std::optional<bool> get_bool(element object, std::string_view key);
}  // namespace json

/// The text without insignificant white space; numbers and escapes stay as written. `text` must be valid JSON.
[[nodiscard]] std::string minify_json(std::string_view text);

/// The text of the `index`-th member's value (from 0), as it stands in a valid JSON object. With it the text of a
/// value survives parsing: a document's members come in the order of the text.
[[nodiscard]] std::string_view raw_member(std::string_view object, std::size_t index);

/// True when both texts hold the same value, whatever the order of keys and the white space. False when one is not JSON.
[[nodiscard]] bool same_json(std::string_view a, std::string_view b);

/// Builds one JSON text. Calls must nest properly; values of std::optional write null when empty. Texts that are not UTF-8 are made so
/// (U+FFFD for what is wrong): what is written here can be read back.
class json_writer {
public:
  json_writer();

  json_writer& begin_object();
  json_writer& end_object();
  json_writer& begin_array();
  json_writer& end_array();
  json_writer& key(std::string_view name);

  json_writer& value(std::string_view text);
  json_writer& value(const char* text) { return value(std::string_view(text)); }
  json_writer& value(const std::string& text) { return value(std::string_view(text)); }
  json_writer& value(bool flag);
  json_writer& value(double number);  // a whole number is written without a fraction
  json_writer& value(std::uint64_t number);
  json_writer& value(std::int64_t number);
  json_writer& value(int number) { return value(static_cast<std::int64_t>(number)); }
  json_writer& value(std::uint32_t number) { return value(static_cast<std::uint64_t>(number)); }
  json_writer& value(instant at);
  json_writer& value(local_day day);
  json_writer& value(const uuid& id);
  template <class Tag>
  json_writer& value(ordinal<Tag> place) {
    return value(place.value);
  }
  template <class Tag>
  json_writer& value(const typed_id<Tag>& id) {
    return value(id.value);
  }
  template <class T>
  json_writer& value(const std::optional<T>& maybe) {
    return maybe ? value(*maybe) : null();
  }
  json_writer& null();
  /// Inserts JSON text as it stands.
  json_writer& raw(std::string_view json);
  /// A text, or null when it is empty.
  json_writer& text_or_null(std::string_view text) { return text.empty() ? null() : value(text); }

  template <class T>
  json_writer& field(std::string_view name, const T& v) {
    key(name);
    return value(v);
  }
  json_writer& field_raw(std::string_view name, std::string_view json) {
    key(name);
    return raw(json);
  }
  json_writer& field_or_null(std::string_view name, std::string_view text) {
    key(name);
    return text_or_null(text);
  }
  template <class Strings>
  json_writer& field_strings(std::string_view name, const Strings& texts) {
    key(name);
    begin_array();
    for (const auto& text : texts) value(std::string_view(text));
    return end_array();
  }

  [[nodiscard]] std::string_view view() const { return text_; }
  [[nodiscard]] std::string str() const { return text_; }

private:
  void next();  // a comma where one is due

  std::string text_;
  bool after_value_ = false;
};

}  // namespace plo
