// The routes of the operators and their sessions.
#pragma once

namespace plo::http {

class router;
struct service;

void add_sign_in_routes(router& routes, service& s);
void add_user_routes(router& routes, service& s);
void add_audit_routes(router& routes, service& s);

}  // namespace plo::http
