// The routes of projects.
#pragma once

namespace plo::http {

class router;
struct service;

void add_ingest_routes(router& routes, service& s);
void add_query_routes(router& routes, service& s);
void add_anomaly_routes(router& routes, service& s);
void add_project_command_routes(router& routes, service& s);
void add_dead_letter_command_routes(router& routes, service& s);
void add_dead_letter_routes(router& routes, service& s);
void add_search_routes(router& routes, service& s);
void add_kpi_routes(router& routes, service& s);
void add_export_routes(router& routes, service& s);
void add_customer_data_routes(router& routes, service& s);
void add_tracking_routes(router& routes, service& s);

}  // namespace plo::http
