// Lists as CSV files, sent as they are made.
#include "http/routes/project/list_queries.hpp"
#include "http/routes/project/routes.hpp"
#include "http/server/event_sink.hpp"
#include "http/server/reading.hpp"
#include "projections/project/exports.hpp"

namespace plo::http {

namespace {

struct running_export {
  running_export(service& s, const request& r) : slot(s.exports, r.who->user_id) {}
  [[nodiscard]] std::string next() { return rows->next(); }
  export_slot slot;
  std::unique_ptr<projections::csv_export> rows;
};

/// `start` makes the export from the read models.
template <class Start>
task<answer> export_csv(service& s, const request& r, parameters& p, const char* name, const Start& start) {
  const auto refused = co_await refuse_or_wait(s, p);
  if (refused) co_return response(*refused);
  auto running = std::make_shared<running_export>(s, r);
  if (!running->slot.held()) co_return response(too_many_exports());
  streamed reply;
  {
    auto views = s.engine.read(wanted_position(p));
    running->rows = start(views);
    reply.headers.emplace_back("X-PLO-Position", std::to_string(running->rows->as_of().value));
  }
  reply.content_type = "text/csv; charset=utf-8; header=present";
  reply.headers.emplace_back("Content-Disposition", std::string("attachment; filename=\"") + name + "\"");
  reply.serve = [&s, running](event_sink& sink) { return send_pieces(sink, s.folds, running); };
  co_return reply;
}

task<answer> export_projects(service& s, request& r) {
  parameters p(r);
  const auto query = read_project_query(p, s.settings.tz);
  const auto start = [&](projections::reading& views) { return projections::export_projects(views, query); };
  co_return co_await export_csv(s, r, p, "projects.csv", start);
}

task<answer> export_anomalies(service& s, request& r) {
  parameters p(r);
  const auto query = read_anomaly_query(p, s.settings.tz);
  const auto start = [&](projections::reading& views) { return projections::export_anomalies(views, query); };
  co_return co_await export_csv(s, r, p, "anomalies.csv", start);
}

}  // namespace

void add_export_routes(router& routes, service& s) {
  routes.add({"GET", "/api/exports/projects.csv", [&s](request& r) { return export_projects(s, r); }});
  routes.add({"GET", "/api/exports/anomalies.csv", [&s](request& r) { return export_anomalies(s, r); }});
}

}  // namespace plo::http
