// Dates, times and numbers as people of a language write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "domain/notifications/templates.hpp"

namespace plo::notifications {

class wording {
public:
  wording(const message_templates& templates, const zone& tz) : templates_(templates), tz_(tz) {}

  [[nodiscard]] std::string day(local_day day) const;
  [[nodiscard]] std::string moment(instant at) const;
  /// From one time to another, the day named once when it is the same.
  [[nodiscard]] std::string slot(instant start, std::optional<instant> end) const;
  /// In the largest two units of days, hours and minutes.
  [[nodiscard]] std::string duration(milliseconds time) const;
  [[nodiscard]] std::string number(double n) const;
  /// The word for a key; the key itself when there is none.
  [[nodiscard]] std::string word(std::string_view key) const;
  /// An address of whatever form a source sent (JSON) on one line.
  [[nodiscard]] static std::string address(std::string_view json);

  [[nodiscard]] const zone& tz() const { return tz_; }

private:
  [[nodiscard]] static std::string clock(std::chrono::minutes after_midnight);

  const message_templates& templates_;
  const zone& tz_;
};

}  // namespace plo::notifications
