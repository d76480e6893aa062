// GET /api/kpis: how the operation fares over a period.
#include <fmt/format.h>

#include "http/routes/project/routes.hpp"
#include "http/server/reading.hpp"
#include "projections/project/kpis.hpp"

namespace plo::http {

namespace {

constexpr date::days default_period{30};

/// Days from `from` to the one before `to`, or to the one that `to` lies in when it is no midnight; without them the last 30 days.
void read_period(parameters& p, projections::kpi_query& query, const zone& tz, instant now) {
  const auto from = p.time("from", tz);
  const auto to = p.time("to", tz);
  query.to = tz.day_of(to ? *to - milliseconds(1) : now);
  query.from = from ? tz.day_of(*from) : query.to - (default_period - date::days(1));
  if (from && to && *from >= *to) p.fault("to", "must lie after from");
  else if (query.from > query.to) p.fault("from", "must not lie in the future");
  if (query.to - query.from >= date::days(projections::max_kpi_days))
    p.fault("from", fmt::format("must lie at most {} days before to", projections::max_kpi_days));
}

task<answer> get_kpis(service& s, request& r) {
  parameters p(r);
  projections::kpi_query query;
  read_period(p, query, s.settings.tz, s.engine.now());
  query.store_id = p.text("store_id");
  query.type = p.text("type");
  const auto respond = [&](projections::reading& views) { return response(200, projections::kpis_json(views, query)); };
  co_return co_await from_lists(s, p, respond);
}

}  // namespace

void add_kpi_routes(router& routes, service& s) {
  routes.add({"GET", "/api/kpis", [&s](request& r) { return get_kpis(s, r); }});
}

}  // namespace plo::http
