// The client's page: no login, a token that nobody can guess.
#include "http/reading.hpp"
#include "http/tracking_tokens.hpp"
#include "projections/tracking.hpp"

namespace plo::http {

namespace {

task<answer> get_tracking(service& s, request& r) {
  parameters p(r);
  const auto project = s.tracking.project_of(r.path_parameters.at("token"));
  const auto respond = [&](const eventstore::kv_reader&) {
    auto page = project ? projections::tracking_page(s.engine.log(), *project, s.settings.domain) : std::nullopt;
    if (!page) return response(make_problem(404, "this link leads nowhere"));
    response found(200, std::move(*page));
    found.headers.emplace_back("Referrer-Policy", "no-referrer");
    return found;
  };
  co_return co_await from_views(s, r, p, respond);
}

}  // namespace

void add_tracking_routes(router& routes, service& s) {
  routes.add({"GET", "/api/tracking/{token}", [&s](request& r) { return get_tracking(s, r); }, 0, access::open});
}

}  // namespace plo::http
