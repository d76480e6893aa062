// Query parameters, checked. Every fault is collected, so that a client sees all of them at once.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/time.hpp"
#include "http/router.hpp"

namespace plo::http {

class parameters {
public:
  explicit parameters(const request& r) : request_(r) {}

  [[nodiscard]] std::string text(std::string_view name) const { return std::string(request_.parameter(name)); }
  /// A whole number in [least, most]; `otherwise` when the parameter is absent.
  [[nodiscard]] std::uint64_t number(std::string_view name, std::uint64_t least, std::uint64_t most,
                                     std::uint64_t otherwise);
  /// A decimal number in [0, 1]; empty when the parameter is absent.
  [[nodiscard]] std::optional<double> share(std::string_view name);
  /// At most `longest` bytes.
  [[nodiscard]] std::string text(std::string_view name, std::size_t longest);
  /// An RFC 3339 instant, or a day (its start in the zone).
  [[nodiscard]] std::optional<instant> time(std::string_view name, const zone& tz);
  /// One of the given words, or empty.
  [[nodiscard]] std::string word(std::string_view name, std::initializer_list<std::string_view> words);
  /// A typed_id; empty when the parameter is absent.
  template <class Id>
  [[nodiscard]] std::optional<Id> id(std::string_view name) {
    const auto given = request_.parameter(name);
    if (given.empty()) return std::nullopt;
    auto parsed = Id::parse(given);
    if (!parsed) fault(name, "must be a UUID");
    return parsed;
  }
  void fault(std::string_view name, std::string message);

  [[nodiscard]] bool ok() const { return errors_.empty(); }
  /// 422 with every fault.
  [[nodiscard]] problem refusal() const;

private:
  const request& request_;
  std::vector<field_error> errors_;
};

}  // namespace plo::http
