// Finding things by text, and customers.
#include "http/routes/project/list_queries.hpp"
#include "http/routes/project/routes.hpp"
#include "http/server/reading.hpp"
#include "projections/project/customers.hpp"
#include "projections/project/search.hpp"

namespace plo::http {

namespace {

task<answer> get_search(service& s, request& r) {
  parameters p(r);
  const auto text = p.text("q", projections::max_search_bytes);
  if (text.find_first_not_of(' ') == std::string::npos) p.fault("q", "is missing");
  const auto respond = [&](const projections::row_reader& views) {
    return response(200, projections::search(views, *s.engine.rules(), text));
  };
  co_return co_await from_folds(s, p, respond);
}

task<answer> get_customers(service& s, request& r) {
  parameters p(r);
  projections::customer_query query;
  query.page = page_of(p, projections::customers_cursor);
  query.text = p.text("q", max_filter_bytes);
  const auto respond = [&](const projections::row_reader& views) {
    return response(200, page_json(projections::list_customers(views, query), projections::customers_cursor));
  };
  co_return co_await from_folds(s, p, respond);
}

task<answer> get_customer(service& s, request& r) {
  parameters p(r);
  const auto respond = [&](const projections::row_reader& views) {
    auto found = projections::customer_json(views, r.path_parameters.at("id"));
    return found ? response(200, std::move(*found)) : response(make_problem(404, "there is no customer with this id"));
  };
  co_return co_await from_views(s, p, respond);
}

}  // namespace

void add_search_routes(router& routes, service& s) {
  routes.add({"GET", "/api/search", [&s](request& r) { return get_search(s, r); }});
  routes.add({"GET", "/api/customers", [&s](request& r) { return get_customers(s, r); }});
  routes.add({"GET", "/api/customers/{id}", [&s](request& r) { return get_customer(s, r); }});
}

}  // namespace plo::http
