// The bodies of operators' commands: small JSON objects with known fields.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "http/server/router.hpp"

namespace plo::http {

/// 415 where the body is of another type, or encoded.
[[nodiscard]] std::optional<problem> refuse_media_type(const request& r, std::string_view media_type);

/// The body as JSON: 413, 415, 400 or 422 when it is not.
[[nodiscard]] tl::expected<json_document, problem> read_json_body(const request& r);

/// A body, read field by field; what is wrong with it is collected. An empty body is an empty object.
class command_body {
public:
  command_body(const request& r, std::initializer_list<std::string_view> known);

  /// Texts of at most `longest` bytes; absent and null are empty.
  [[nodiscard]] std::optional<std::string> text(std::string_view name, std::size_t longest = 4000);
  /// The same; what is absent or empty is a fault.
  [[nodiscard]] std::string required_text(std::string_view name, std::size_t longest = 4000);
  [[nodiscard]] std::optional<instant> time(std::string_view name);
  [[nodiscard]] std::optional<bool> flag(std::string_view name);
  /// Notes a fault unless the field is there and not null.
  void require(std::string_view name, std::string_view what = {});
  /// Whether the field is there, be it null.
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view name, std::size_t most);
  void fault(std::string_view name, std::string message);

  /// Why the command is refused; empty: it is well formed. Ask when everything has been read.
  [[nodiscard]] const std::optional<problem>& refusal();

private:
  std::optional<json_document> document_;
  std::optional<problem> refusal_;
  std::vector<field_error> errors_;
};

}  // namespace plo::http
