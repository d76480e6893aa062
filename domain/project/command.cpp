#include "domain/project/command.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/json.hpp"
#include "domain/event/catalogue.hpp"
#include "domain/project/consent.hpp"

namespace plo {

namespace {

using kind = command_refusal::kind;

std::optional<command_refusal> refuses_anomaly_command(const project_state& state, const event& command) {
  const auto data = json_document::parse(command.data);
  const auto id = data ? anomaly_id::parse(json::get_string(data->root(), "anomaly_id").value_or("")) : std::nullopt;
  const auto found = std::find_if(state.anomalies.begin(), state.anomalies.end(), [&](const anomaly& a) { return id == a.id; });
  if (found == state.anomalies.end()) return command_refusal{kind::unknown, "there is no anomaly with this id, or it is history"};
  if (found->is_resolved()) {
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

command_refusal contradiction(std::string reason) { return {kind::contradiction, std::move(reason)}; }

bool is_closed(const project_state& state) {
  return state.status == project_status::completed || state.status == project_status::cancelled;
}

std::optional<command_refusal> refuses_status(const project_state& state, json::element data) {
  const auto wanted = json::get_string(data, "status").value_or("");
  if (wanted == to_string(state.status)) return contradiction(fmt::format("the project is {} already", wanted));
  if (is_closed(state)) return contradiction(fmt::format("the project is {}: reopen it first", to_string(state.status)));
  return std::nullopt;
}

std::optional<command_refusal> refuses_partial_delivery(const project_state& state, json::element data) {
  const bool approving = json::get_bool(data, "customer").value_or(false) && json::get_bool(data, "installer").value_or(false);
  if (!state.consolidation) return contradiction("no order is confirmed: there is nothing to deliver in part");
  const auto& held = state.consolidation->concluded;
  if (held.status == consolidation_status::complete) return contradiction("the consolidation is complete: everything can be delivered");
  if (approving && held.partial_delivery_approved) return contradiction("the partial delivery was approved already");
  if (!approving && has_left(state, consent_of(state))) return contradiction("the delivery has left the station: consent cannot be withdrawn any more");
  return std::nullopt;
}

std::optional<command_refusal> refuses_step(const project_state& state, const event& command, json::element data) {
  const auto type = parse_step_type(json::get_string(data, "step_type").value_or(""));
  if (!type) return command_refusal{kind::unknown, "there is no step of this type"};
  if (scope_of(*type) == step_scope::installation && state.installations.empty()) return contradiction("the project has no installation");
  if (scope_of(*type) != step_scope::order) return std::nullopt;
  const auto ref = json::get_string(data, "order_ref").value_or(command.order_ref);
  if (!ref.empty()) {
    if (state.find_order(ref) != nullptr) return std::nullopt;
    return contradiction(fmt::format("the project has no order '{}'", ref));
  }
  if (state.orders.empty()) return contradiction("the project has no order");
  if (state.orders.size() > 1) return contradiction(fmt::format("the project has {} orders: say which one by order_ref", state.orders.size()));
  return std::nullopt;
}

std::optional<command_refusal> refuses_order(const project_state& state, const event& command) {
  if (is_closed(state)) return contradiction(fmt::format("the project is {}: reopen it first", to_string(state.status)));
  if (state.find_order(command.order_ref) != nullptr) return contradiction(fmt::format("the project has the order '{}' already", command.order_ref));
  return std::nullopt;
}

}  // namespace

std::optional<command_refusal> refuses(const project_state& state, const event& command) {
  const bool creates = command.type == "project.created";
  if (creates) return state.exists ? std::optional(contradiction("the project exists already")) : std::nullopt;
  if (!state.exists) return command_refusal{kind::unknown, "there is no project with this id"};
  if (command.type.starts_with("anomaly.")) return refuses_anomaly_command(state, command);
  if (command.type == own_type::project_closed && is_closed(state)) {
    return contradiction(fmt::format("the project is {} already", to_string(state.status)));
  }
  if (command.type == own_type::project_reopened && !is_closed(state)) {
    return contradiction(fmt::format("the project is {}: there is nothing to reopen", to_string(state.status)));
  }
  if (command.type == own_type::order_created) return refuses_order(state, command);
  const auto data = json_document::parse(command.data);
  if (!data) return std::nullopt;
  if (command.type == own_type::project_status_set) return refuses_status(state, data->root());
  if (command.type == own_type::partial_delivery_approved) return refuses_partial_delivery(state, data->root());
  if (command.type == own_type::step_updated) return refuses_step(state, command, data->root());
  return std::nullopt;
}

}  // namespace plo
