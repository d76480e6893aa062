// Typed reading of an event's data. A field that is absent, null, empty or not of the type asked for is empty: what a
// source must not send was refused at the door, and a fold of history must not fail.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "domain/project/project.hpp"

namespace plo {

/// One JSON object, read field by field.
class json_fields {
public:
  json_fields(json::element object, const zone& tz) : object_(object), tz_(&tz) {}

  [[nodiscard]] std::optional<std::string_view> text(std::string_view key) const;
  [[nodiscard]] std::optional<bool> flag(std::string_view key) const { return json::get_bool(object_, key); }
  [[nodiscard]] std::optional<double> number(std::string_view key) const { return json::get_number(object_, key); }
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key) const;
  /// An instant; a day stands for its start in the zone.
  [[nodiscard]] std::optional<instant> moment(std::string_view key) const;
  /// A day; an instant stands for its day in the zone.
  [[nodiscard]] std::optional<local_day> day(std::string_view key) const;
  /// The texts of an array; empty when it is not an array.
  [[nodiscard]] std::optional<std::vector<std::string>> texts(std::string_view key) const;
  [[nodiscard]] std::optional<json_fields> object(std::string_view key) const;
  /// The objects of an array; empty when there is no such array.
  [[nodiscard]] std::optional<std::vector<json_fields>> objects(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const { return json::get(object_, key).has_value(); }

private:
  json::element object_;
  const zone* tz_;
};

/// The data of an event. The document lives as long as this.
class payload {
public:
  /// Empty when the data is not a JSON object.
  [[nodiscard]] static std::optional<payload> of(const event& e, const domain_settings& settings);

  [[nodiscard]] const json_fields& fields() const { return fields_; }
  const json_fields* operator->() const { return &fields_; }
  /// The text of a member that is an object or an array, as the source wrote it.
  [[nodiscard]] std::optional<std::string> raw(std::string_view key) const;

private:
  payload(json_document document, std::string_view data, const zone& tz)
      : document_(std::move(document)), data_(data), fields_(document_.root(), tz) {}
  json_document document_;
  std::string_view data_;
  json_fields fields_;
};

}  // namespace plo
