#include "http/registry.hpp"

#include "http/routes/core/routes.hpp"
#include "http/routes/operators/routes.hpp"
#include "http/routes/outbox/routes.hpp"
#include "http/routes/project/routes.hpp"
#include "http/routes/rules/routes.hpp"

namespace plo::http {

namespace {

accounts_view accounts_of(const actors::engine& engine) {
  const auto find = [&engine](const user_id& id) -> std::optional<account_standing> {
    const auto accounts = engine.accounts();
    const auto* known = accounts->find(id);
    if (known == nullptr) return std::nullopt;
    return account_standing{known->id, known->email, known->role, known->active, known->credentials};
  };
  return {find, [&engine](std::string_view session_id) { return engine.accounts()->has_ended(session_id); }};
}

void add_all(router& routes, service& s) {
  add_ingest_routes(routes, s);
  add_anomaly_routes(routes, s);
  add_rule_routes(routes, s);
  add_query_routes(routes, s);
  add_notification_routes(routes, s);
  add_project_command_routes(routes, s);
  add_dead_letter_command_routes(routes, s);
  add_customer_data_routes(routes, s);
  add_tracking_routes(routes, s);
  add_sign_in_routes(routes, s);
  add_user_routes(routes, s);
  add_audit_routes(routes, s);
  add_dead_letter_routes(routes, s);
  add_search_routes(routes, s);
  add_kpi_routes(routes, s);
  add_export_routes(routes, s);
  add_stream_route(routes, s);
  add_service_routes(routes, s);
  add_control_routes(routes, s);
  add_outbox_metrics(s);
}

}  // namespace

route_plan all_routes(const actors::engine& engine) { return {accounts_of(engine), add_all}; }

}  // namespace plo::http
