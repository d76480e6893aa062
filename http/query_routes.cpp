// What operators and downstream systems read: projects, timelines and the raw log.
#include "domain/json.hpp"
#include "http/list_queries.hpp"
#include "http/reading.hpp"
#include "projections/project_detail.hpp"
#include "projections/projects.hpp"
#include "projections/stations.hpp"
#include "projections/timeline.hpp"

namespace plo::http {

namespace {

constexpr std::uint64_t max_raw_events = 10'000;
constexpr std::size_t max_raw_bytes = 32u << 20;

task<answer> get_projects(service& s, request& r) {
  parameters p(r);
  auto query = read_project_query(p, s.settings.domain.tz);
  const char list = projections::cursor_list(query.order, query.descending);
  query.page = page_of_index(p, list);
  const auto respond = [&](projections::reading& views) {
    return response(200, page_json(projections::list_projects(views, query), list));
  };
  co_return co_await from_lists(s, r, p, respond);
}

response no_such_project() { return make_problem(404, "there is no project with this id"); }

task<answer> get_project(service& s, request& r) {
  parameters p(r);
  const auto id = project_id::parse(r.path_parameters.at("id"));
  const auto at = p.time("at", s.settings.domain.tz);
  const auto respond = [&](const eventstore::kv_reader& views) {
    const auto rules = s.engine.rules();
    const projections::detail_context context{*rules, s.settings.domain, views, id ? s.tracking.token_of(*id) : std::string()};
    auto document = id ? projections::find_project(s.engine.log(), *id, context, at) : std::nullopt;
    return document ? response(200, std::move(*document)) : no_such_project();
  };
  co_return co_await from_views(s, r, p, respond);
}

task<answer> get_timeline(service& s, request& r) {
  parameters p(r);
  const auto id = project_id::parse(r.path_parameters.at("id"));
  const auto page = page_of(p, projections::timeline_cursor, projections::max_page);
  const auto at = p.time("at", s.settings.domain.tz);
  const auto respond = [&](const eventstore::kv_reader&) {
    const auto listed = id ? projections::list_timeline(s.engine.log(), *id, page, at) : std::nullopt;
    return listed ? response(200, page_json(*listed, projections::timeline_cursor)) : no_such_project();
  };
  co_return co_await from_views(s, r, p, respond);
}

task<answer> get_stations(service& s, request& r) {
  parameters p(r);
  const auto page = page_of(p, projections::stations_cursor);
  const auto respond = [&](const eventstore::kv_reader& views) {
    return response(200, page_json(projections::list_stations(views, page), projections::stations_cursor));
  };
  co_return co_await from_views(s, r, p, respond);
}

bool wants_ndjson(const request& r) {
  return r.header("accept").find("application/x-ndjson") != std::string_view::npos;
}

task<answer> get_events(service& s, request& r) {
  parameters p(r);
  const position from{p.number("from", 0, max_position, 1)};
  const auto limit = p.number("limit", 1, max_raw_events, 1000);
  if (!p.ok()) co_return response(p.refusal());

  const bool ndjson = wants_ndjson(r);
  const auto head = s.engine.log().head().last;
  response result;
  std::uint64_t count = 0;
  position last;
  std::string& body = result.body;
  if (!ndjson) body = R"({"items":[)";
  s.engine.log().read(from, [&](const recorded_event& e) {
    if (count == limit || body.size() > max_raw_bytes) return false;
    if (!ndjson && count > 0) body.push_back(',');
    body.append(to_json(e));
    if (ndjson) body.push_back('\n');
    last = e.pos;
    ++count;
    return true;
  });
  const bool more = count > 0 && last < head;
  const auto next = more ? std::to_string(last.value + 1) : std::string("null");
  if (ndjson) {
    result.content_type = "application/x-ndjson";
    if (more) result.headers.emplace_back("X-PLO-Next", next);
  } else {
    body.append(R"(],"next":)").append(next).push_back('}');
  }
  result.headers.emplace_back("X-PLO-Position", std::to_string(head.value));
  co_return result;
}

}  // namespace

void add_query_routes(router& routes, service& s) {
  routes.add({"GET", "/api/projects", [&s](request& r) { return get_projects(s, r); }});
  routes.add({"GET", "/api/projects/{id}", [&s](request& r) { return get_project(s, r); }});
  routes.add({"GET", "/api/projects/{id}/timeline", [&s](request& r) { return get_timeline(s, r); }});
  routes.add({"GET", "/api/stations", [&s](request& r) { return get_stations(s, r); }});
  routes.add({"GET", "/api/events", [&s](request& r) { return get_events(s, r); }});
}

}  // namespace plo::http
