// What an SMTP server said to what, and what that means for each recipient. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "actors/outbox/carrier.hpp"

namespace plo::actors {

class smtp_transcript {
public:
  /// Text as it went over the wire, whole lines.
  void sent(std::string_view text);
  void received(std::string_view text);

  /// What a transfer came to that ended well, or by an error with these words.
  [[nodiscard]] attempt outcome(bool ended_well, const std::vector<std::string>& recipients, const std::string& error) const;

private:
  struct exchange {
    std::string command;  // empty: the greeting
    int code = 0;         // 0: no answer
    std::string words;
  };
  void line_received(std::string_view line);

  std::vector<exchange> exchanges_{{}};
  bool body_under_way_ = false;
  bool is_over_ = false;
};

}  // namespace plo::actors
