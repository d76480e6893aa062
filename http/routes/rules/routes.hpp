// The routes of the rules.
#pragma once

namespace plo::http {

class router;
struct service;

void add_rule_routes(router& routes, service& s);

}  // namespace plo::http
