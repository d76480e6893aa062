// The routes of notifications, and what the outbox counts.
#pragma once

namespace plo::http {

class router;
struct service;

void add_notification_routes(router& routes, service& s);
void add_outbox_metrics(service& s);

}  // namespace plo::http
