// What operators and downstream systems read: projects, timelines and the raw log.
#include <memory>

#include "base/json.hpp"
#include "http/routes/project/list_queries.hpp"
#include "http/routes/project/routes.hpp"
#include "http/server/event_sink.hpp"
#include "http/server/reading.hpp"
#include "projections/project/project_detail.hpp"
#include "projections/project/projects.hpp"
#include "projections/project/stations.hpp"
#include "projections/project/timeline.hpp"

namespace plo::http {

namespace {

constexpr std::uint64_t max_raw_events = 10'000;

task<answer> get_projects(service& s, request& r) {
  parameters p(r);
  auto query = read_project_query(p, s.settings.tz);
  const char list = projections::cursor_list(query.order, query.descending);
  query.page = page_of_index(p, list);
  const auto respond = [&](projections::reading& views) {
    return response(200, page_json(projections::list_projects(views, query), list));
  };
  co_return co_await from_lists(s, p, respond, !query.text.empty());
}

response no_such_project() { return make_problem(404, "there is no project with this id"); }

task<answer> get_project(service& s, request& r) {
  parameters p(r);
  const auto id = project_id::parse(r.path_parameters.at("id"));
  const auto at = p.time("at", s.settings.tz);
  const auto respond = [&](const projections::row_reader& views) {
    const auto rules = s.engine.rules();
    const projections::detail_context context{*rules, s.engine.domain(), views, id ? s.tracking.token_of(*id) : std::string()};
    auto document = id ? projections::find_project(s.engine.log(), *id, context, at) : std::nullopt;
    return document ? response(200, std::move(*document)) : no_such_project();
  };
  co_return co_await from_folds(s, p, respond);
}

task<answer> get_timeline(service& s, request& r) {
  parameters p(r);
  const auto id = project_id::parse(r.path_parameters.at("id"));
  const auto page = page_of(p, projections::timeline_cursor, projections::max_page);
  const auto at = p.time("at", s.settings.tz);
  const auto respond = [&](const projections::row_reader&) {
    const auto listed = id ? projections::list_timeline(s.engine.log(), *id, page, at) : std::nullopt;
    return listed ? response(200, page_json(*listed, projections::timeline_cursor)) : no_such_project();
  };
  co_return co_await from_folds(s, p, respond);
}

task<answer> get_stations(service& s, request& r) {
  parameters p(r);
  const auto page = page_of(p, projections::stations_cursor);
  const auto respond = [&](const projections::row_reader& views) {
    return response(200, page_json(projections::list_stations(views, page), projections::stations_cursor));
  };
  co_return co_await from_views(s, p, respond);
}

bool wants_ndjson(const request& r) {
  return r.header("accept").find("application/x-ndjson") != std::string_view::npos;
}

/// A page of the raw log, read and sent some at a time: a client that does not read makes nobody hold the rest.
class event_pages {
public:
  /// The events of [from, last]; `then` is where the next page begins, or null.
  event_pages(service& s, const request& r, position from, position last, std::string then)
      : log_(s.engine.log()), to_admin_(r.who->role == plo::role::admin), ndjson_(wants_ndjson(r)), next_(from), last_(last), then_(std::move(then)) {}

  std::string next() {
    if (ended_) return {};
    std::string text = !ndjson_ && !begun_ ? R"({"items":[)" : "";
    bool more = false;
    if (next_ <= last_) {
      log_.read(next_, [&](const recorded_event& e) {
        more = e.pos <= last_ && text.size() > piece_bytes;
        if (more || e.pos > last_) return false;
        if (!ndjson_ && std::exchange(any_, true)) text.push_back(',');
        text.append(to_json(e, to_admin_));
        if (ndjson_) text.push_back('\n');
        next_ = {e.pos.value + 1};
        return true;
      });
    }
    begun_ = true;
    if (more) return text;
    ended_ = true;
    if (!ndjson_) text.append(R"(],"next":)").append(then_).push_back('}');
    return text;
  }

private:
  static constexpr std::size_t piece_bytes = 256 * 1024;
  const eventstore::log& log_;
  bool to_admin_, ndjson_;
  position next_;
  position last_;
  std::string then_;
  bool begun_ = false, any_ = false, ended_ = false;
};

task<answer> get_events(service& s, request& r) {
  parameters p(r);
  const position from{std::max<std::uint64_t>(p.number("from", 0, max_position, 1), 1)};
  const auto limit = p.number("limit", 1, max_raw_events, 1000);
  const auto refused = co_await refuse_or_wait(s, p);
  if (refused) co_return response(*refused);
  const auto head = s.engine.log().head().last;
  // Positions have no gaps, so where the page ends is known before it is read.
  const position last{std::min(head.value, from.value + limit - 1)};
  const auto then = from <= last && last < head ? std::to_string(last.value + 1) : std::string("null");
  streamed page;
  if (wants_ndjson(r)) {
    page.content_type = "application/x-ndjson";
    if (then != "null") page.headers.emplace_back("X-PLO-Next", then);
  }
  page.headers.emplace_back("X-PLO-Position", std::to_string(head.value));
  const auto pages = std::make_shared<event_pages>(s, r, from, last, then);
  page.serve = [&s, pages](event_sink& sink) { return send_pieces(sink, s.folds, pages); };
  co_return page;
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
