// What was kept because no project could be found: reading. What operators do about it is in letter_command_routes.cpp.
#include "http/routes/project/routes.hpp"
#include "http/server/reading.hpp"
#include "projections/project/dead_letters.hpp"

namespace plo::http {

namespace {

task<answer> get_dead_letters(service& s, request& r) {
  parameters p(r);
  projections::dead_letter_query query;
  query.page = page_of_index(p, projections::dead_letters_cursor);
  query.kind = p.word("kind", {"unattached", "ambiguous", "conflict"});
  query.status = p.word("status", {"waiting", "attached", "discarded"});
  const auto respond = [&](projections::reading& views) {
    return response(200, page_json(projections::list_dead_letters(views, s.engine.log(), query), projections::dead_letters_cursor));
  };
  co_return co_await from_lists(s, p, respond, true);  // it reads the letters' payloads
}

task<answer> get_dead_letter(service& s, request& r) {
  parameters p(r);
  const auto id = dead_letter_id::parse(r.path_parameters.at("id"));
  const auto respond = [&](const projections::row_reader& views) {
    auto found = id ? projections::dead_letter_json(views, s.engine.log(), *id) : std::nullopt;
    return found ? response(200, std::move(*found)) : response(make_problem(404, "there is no dead letter with this id"));
  };
  co_return co_await from_views(s, p, respond);
}

}  // namespace

void add_dead_letter_routes(router& routes, service& s) {
  routes.add({"GET", "/api/dead-letters", [&s](request& r) { return get_dead_letters(s, r); }});
  routes.add({"GET", "/api/dead-letters/{id}", [&s](request& r) { return get_dead_letter(s, r); }});
}

}  // namespace plo::http
