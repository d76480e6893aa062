// The client's page: no login, a token that nobody can guess.
#include "http/auth/tracking_tokens.hpp"
#include "http/routes/project/routes.hpp"
#include "http/routes/project/tracking_pages.hpp"
#include "http/server/reading.hpp"
#include "projections/project/tracking.hpp"

namespace plo::http {

namespace {

task<answer> get_tracking(service& s, tracking_pages& pages, request& r) {
  parameters p(r);
  const auto project = s.tracking.project_of(r.path_parameters.at("token"));
  const auto respond = [&](const projections::row_reader&) {
    const auto page = project ? pages.page_of(s.engine.log(), *project, s.engine.domain()) : nullptr;
    return page ? response(200, *page) : response(make_problem(404, "this link leads nowhere"));
  };
  // Whoever has a link may ask as often as they like: what has not changed is not folded again.
  if (project && pages.is_kept(s.engine.log(), *project)) co_return co_await from_views(s, p, respond);
  co_return co_await from_folds(s, p, respond);
}

}  // namespace

void add_tracking_routes(router& routes, service& s) {
  const auto pages = std::make_shared<tracking_pages>();
  routes.add({"GET", "/api/tracking/{token}", [&s, pages](request& r) { return get_tracking(s, *pages, r); }, 0, access::open});
}

}  // namespace plo::http
