// Which parts of an event's data are about a person, and how they look once they are erased.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace plo {

/// How an erased value shows, as JSON; and one that cannot be read because the key that opens it is not here. Of one size.
inline constexpr std::string_view erased_json = R"("[erased]")";
inline constexpr std::string_view sealed_json = R"("[sealed]")";

/// The members of payloads that are personal unless the configuration says otherwise.
[[nodiscard]] const std::vector<std::string>& usual_personal_fields();

/// Names of members whose values are personal, at any depth of the data. Of an object all that is in it, except `country`, which
/// decides on which days a carrier works and is shared by millions.
class personal_fields {
public:
  personal_fields() = default;  // nothing is personal
  explicit personal_fields(const std::vector<std::string>& names);

  struct span {
    std::size_t at = 0;
    std::size_t size = 0;
    std::string customer = {};  // whose it is: the customer that the nearest object around it names (`customer_id`); empty: none does
    bool operator==(const span&) const = default;
  };
  /// The personal values (strings that are not empty, numbers, true and false) in minified JSON, in order. Facts that a rule read
  /// (`{"path": "event.payload.customer_name", "value": …}`) count by the name their path ends with.
  [[nodiscard]] std::vector<span> find(std::string_view json) const;
  /// The data as it looks once everything personal in it is erased.
  [[nodiscard]] std::string mask(std::string_view json) const;

private:
  [[nodiscard]] bool may_be_in(std::string_view json) const;
  std::set<std::string, std::less<>> names_;
};

/// The text with each span replaced.
[[nodiscard]] std::string replace_spans(std::string_view text, const std::vector<personal_fields::span>& spans, std::string_view by);

}  // namespace plo
