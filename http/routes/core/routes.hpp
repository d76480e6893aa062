// The routes of the server itself.
#pragma once

namespace plo::http {

class router;
struct service;

void add_stream_route(router& routes, service& s);
void add_service_routes(router& routes, service& s);
void add_control_routes(router& routes, service& s);

}  // namespace plo::http
