// What the audit tool finds, for people. Each takes the JSON that `--json` prints.
#pragma once

#include <string>
#include <string_view>

namespace plo::replay {

[[nodiscard]] std::string state_text(std::string_view json);
[[nodiscard]] std::string timeline_text(std::string_view json);
[[nodiscard]] std::string difference_text(std::string_view json);
[[nodiscard]] std::string explanation_text(std::string_view json);
[[nodiscard]] std::string verify_text(std::string_view json);
[[nodiscard]] std::string rederive_text(std::string_view json);
[[nodiscard]] std::string trial_text(std::string_view json);

}  // namespace plo::replay
