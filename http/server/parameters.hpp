// Query parameters, checked. Every fault is collected, so that a client sees all of them at once.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "http/server/router.hpp"

namespace plo::http {

class parameters {
public:
  explicit parameters(const request& r) : request_(r) {}

  [[nodiscard]] std::string text(std::string_view name) { return std::string(value(name)); }
  /// A whole number in [least, most]; `otherwise` when the parameter is absent.
  [[nodiscard]] std::uint64_t number(std::string_view name, std::uint64_t least, std::uint64_t most,
                                     std::uint64_t otherwise);
  /// A decimal number in [0, 1]; empty when the parameter is absent.
  [[nodiscard]] std::optional<double> share(std::string_view name);
  /// At most `longest` bytes.
  [[nodiscard]] std::string text(std::string_view name, std::size_t longest);
  /// An RFC 3339 instant, or a day (its start in the zone). A `+` that nobody escaped, and that is a blank now, is understood.
  [[nodiscard]] std::optional<instant> time(std::string_view name, const zone& tz);
  [[nodiscard]] std::optional<std::string> optional_text(std::string_view name) {
    return is_given(name) ? std::optional(text(name)) : std::nullopt;
  }
  /// One of the given words; empty when the parameter is absent.
  [[nodiscard]] std::string word(std::string_view name, std::initializer_list<std::string_view> words);
  /// A typed_id; empty when the parameter is absent.
  template <class Id>
  [[nodiscard]] std::optional<Id> id(std::string_view name) {
    if (!is_given(name)) return std::nullopt;
    const auto given = value(name);
    auto parsed = Id::parse(given);
    if (!parsed) fault(name, "must be a UUID");
    return parsed;
  }
  void fault(std::string_view name, std::string message);

  /// To be asked when every parameter has been read: what nobody has read is nobody's, and a fault too.
  [[nodiscard]] bool ok();
  /// 422 with every fault.
  [[nodiscard]] problem refusal() const;

private:
  /// What was given under a name that the route knows.
  [[nodiscard]] std::string_view value(std::string_view name);
  [[nodiscard]] bool is_given(std::string_view name);

  const request& request_;
  std::set<std::string, std::less<>> known_;
  bool looked_for_strangers_ = false;
  std::vector<field_error> errors_;
};

/// 422 for the query parameters of a request that takes none; empty when there are none.
[[nodiscard]] std::optional<problem> refuse_query(const request& r);

}  // namespace plo::http
