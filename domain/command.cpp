#include "domain/command.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "domain/catalogue.hpp"
#include "domain/json.hpp"

namespace plo {

namespace {

using kind = command_refusal::kind;

std::optional<command_refusal> refuses_anomaly_command(const project_state& state, const event& command) {
  const auto data = json_document::parse(command.data);
  const auto id = data ? anomaly_id::parse(json::get_string(data->root(), "anomaly_id").value_or("")) : std::nullopt;
  const auto found = std::find_if(state.anomalies.begin(), state.anomalies.end(), [&](const anomaly& a) { return id == a.id; });
  if (found == state.anomalies.end()) return command_refusal{kind::unknown, "there is no anomaly with this id, or it is history"};
  const bool assigning = command.type == own_type::anomaly_assigned;
  if (found->is_resolved() && !assigning) {
    return command_refusal{kind::contradiction, fmt::format("the anomaly was resolved at {} by {}", format_instant(*found->resolved_at), found->resolved_by)};
  }
  if (command.type == own_type::anomaly_acknowledged && found->status == anomaly_status::acknowledged) {
    return command_refusal{kind::contradiction, fmt::format("the anomaly was acknowledged at {} by {}", format_instant(*found->acknowledged_at), found->acknowledged_by)};
  }
  if (command.type == own_type::anomaly_snoozed) {
    const auto until = parse_instant(json::get_string(data->root(), "until").value_or(""));
    if (!until || *until <= command.occurred_at) return command_refusal{kind::contradiction, "until must lie in the future"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<command_refusal> refuses(const project_state& state, const event& command) {
  if (!state.exists) return command_refusal{kind::unknown, "there is no project with this id"};
  if (command.type.starts_with("anomaly.")) return refuses_anomaly_command(state, command);
  return std::nullopt;
}

}  // namespace plo
