// What operators and downstream systems read: projects, timelines and the raw log.
#include <chrono>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "domain/json.hpp"
#include "http/await.hpp"
#include "http/parameters.hpp"
#include "http/service.hpp"
#include "projections/project_detail.hpp"
#include "projections/projects.hpp"
#include "projections/timeline.hpp"

namespace plo::http {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds longest_wait{5};
constexpr std::uint64_t max_position = ~std::uint64_t{0} >> 1;
constexpr std::uint64_t max_raw_events = 10'000;
constexpr std::size_t max_raw_bytes = 32u << 20;

/// Waits until the read models hold a position. False after five seconds.
task<bool> wait_for(service& s, position wanted) {
  if (s.engine.applied().applied() >= wanted) co_return true;
  auto home = co_await asio::this_coro::executor;
  const auto timer = std::make_shared<asio::steady_timer>(home, longest_wait);
  const auto id = s.engine.applied().wait(wanted, [timer, home] {
    asio::post(home, [timer] { timer->cancel(); });
  });
  boost::system::error_code waited;
  co_await timer->async_wait(asio::redirect_error(use_task, waited));
  co_return !s.engine.applied().cancel(wanted, id);
}

/// Answers from one snapshot of the read models, which holds `at_least` if the client asked for a position.
/// Everything is taken by reference and must live in the caller's frame: g++ 12 breaks temporaries in a co_await expression.
template <class Respond>
task<answer> from_views(service& s, const request& r, parameters& p, const Respond& respond) {
  const position wanted{p.number("at_least", 0, max_position, 0)};
  if (!p.ok()) co_return response(p.refusal());
  if (r.has_parameter("at_least")) {
    const bool reached = co_await wait_for(s, wanted);
    if (!reached) co_return response(make_problem(504, "the read models did not reach the position within 5 s"));
  }
  const auto views = s.engine.views();
  response result = respond(*views);
  result.headers.emplace_back("X-PLO-Position", std::to_string(projections::checkpoint_of(*views).value));
  co_return result;
}

std::string page_json(const projections::page& page, char list) {
  json_writer json;
  json.begin_object().field_raw("items", page.items);
  json.field("next_cursor", page.next ? std::optional(projections::make_cursor(list, *page.next)) : std::nullopt);
  json.field("total", page.total).end_object();
  return json.str();
}

projections::page_request page_of(parameters& p, char list, std::uint64_t default_limit = projections::default_page) {
  projections::page_request page;
  page.limit = p.number("limit", 1, projections::max_page, default_limit);
  if (const auto cursor = p.text("cursor"); !cursor.empty()) {
    page.after = projections::read_cursor(list, cursor);
    if (!page.after) p.fault("cursor", "is not a cursor of this list");
  }
  return page;
}

void read_sort(parameters& p, projections::project_query& query) {
  auto sort = p.word("sort", {"-oldest_anomaly", "oldest_anomaly", "-updated_at", "updated_at", "-created_at", "created_at"});
  if (sort.empty()) return;
  query.descending = sort.front() == '-';
  if (query.descending) sort.erase(0, 1);
  query.order = sort == "updated_at"   ? projections::project_order::updated_at
                : sort == "created_at" ? projections::project_order::created_at
                                       : projections::project_order::oldest_anomaly;
}

task<answer> get_projects(service& s, request& r) {
  parameters p(r);
  projections::project_query query;
  read_sort(p, query);
  const char list = projections::cursor_list(query.order, query.descending);
  query.page = page_of(p, list);
  query.status = p.word("status", {"draft", "active", "on_hold", "completed", "cancelled"});
  query.severity = p.word("severity", {"warning", "critical"});
  query.type = p.text("type");
  query.store_id = p.text("store_id");
  query.customer_id = p.text("customer_id");
  query.assigned_to = p.text("assigned_to");
  query.text = p.text("q");
  query.from = p.time("from", s.settings.domain.tz);
  query.to = p.time("to", s.settings.domain.tz);
  const auto respond = [&](const eventstore::kv_reader& views) {
    return response(200, page_json(projections::list_projects(views, query), list));
  };
  co_return co_await from_views(s, r, p, respond);
}

response no_such_project() { return make_problem(404, "there is no project with this id"); }

task<answer> get_project(service& s, request& r) {
  parameters p(r);
  const auto id = project_id::parse(r.path_parameters.at("id"));
  const auto at = p.time("at", s.settings.domain.tz);
  const auto respond = [&](const eventstore::kv_reader&) {
    auto document = id ? projections::find_project(s.engine.log(), *id, s.settings.domain, at) : std::nullopt;
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
  routes.add({"GET", "/api/events", [&s](request& r) { return get_events(s, r); }});
}

}  // namespace plo::http
