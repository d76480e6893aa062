// Values that rules compute with: JSON's, and instants and days that turn into text only when somebody asks for it.
//
// A value never owns memory: texts, arrays and objects lie in an arena or in something that outlives the evaluation (a project's
// state, a parsed document, the rule itself). Copying one copies 24 bytes.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/time.hpp"

namespace plo::rules {

/// Where an evaluation puts what it makes. Freed as a whole.
using arena = std::pmr::memory_resource;

struct member;

class value {
public:
  enum class kind : std::uint8_t { null, boolean, number, text, instant, day, array, object };

  value() = default;  // null
  [[nodiscard]] static value of(bool flag);
  [[nodiscard]] static value of(double number);
  template <std::integral T>  // else an int would be a flag as well as a number
  [[nodiscard]] static value of(T number) {
    return of(static_cast<double>(number));
  }
  [[nodiscard]] static value of(std::string_view text);  // the caller keeps the text
  [[nodiscard]] static value of(const char* text) { return of(std::string_view(text)); }  // else a literal would be a flag
  [[nodiscard]] static value of(std::string&&) = delete;
  [[nodiscard]] static value of(plo::instant at);
  [[nodiscard]] static value of(local_day day);
  [[nodiscard]] static value of(std::span<const value> items);
  [[nodiscard]] static value of(std::span<const member> members);
  template <class T>
  [[nodiscard]] static value of(const std::optional<T>& maybe) {
    return maybe ? of(*maybe) : value();
  }
  /// A missing value of `time`, `date` or `duration`: comparisons with it are false, except the strict ones, to which it is null as any
  /// other; arithmetic with it gives it again.
  [[nodiscard]] static value no_time();

  [[nodiscard]] kind what() const { return kind_; }
  [[nodiscard]] bool is_null() const { return kind_ == kind::null; }
  [[nodiscard]] bool is_no_time() const { return kind_ == kind::null && flag_; }

  // Only for a value of that kind.
  [[nodiscard]] bool as_bool() const { return flag_; }
  [[nodiscard]] double as_number() const { return number_; }
  [[nodiscard]] std::string_view as_text() const { return {static_cast<const char*>(data_), size_}; }
  [[nodiscard]] plo::instant as_instant() const { return plo::instant(milliseconds(whole_)); }
  [[nodiscard]] local_day as_day() const { return local_day(date::days(whole_)); }
  [[nodiscard]] std::span<const value> as_array() const;
  [[nodiscard]] std::span<const member> as_object() const;

  /// The member of an object, or null.
  [[nodiscard]] value get(std::string_view key) const;

private:
  const void* data_ = nullptr;
  union {
    double number_;
    std::int64_t whole_ = 0;
    std::size_t size_;
  };
  kind kind_ = kind::null;
  bool flag_ = false;
};

struct member {
  std::string_view key;
  value item;
};

/// True as JsonLogic means it: "0" is true, [] is false.
[[nodiscard]] bool truthy(const value& v);

/// Converts parsed JSON. Texts refer to the document.
[[nodiscard]] value from_json(json::element e, arena& memory);
/// An instant as RFC 3339 text, a day as YYYY-MM-DD; no_time as null, and null too what is nested beyond max_json_depth.
void write(json_writer& json, const value& v);

}  // namespace plo::rules
