// The audit journal.
#include "http/routes/operators/routes.hpp"
#include "http/server/reading.hpp"
#include "projections/operators/audit.hpp"

namespace plo::http {

namespace {

task<answer> get_audit(service& s, request& r) {
  parameters p(r);
  projections::audit_query query;
  query.page = page_of(p, projections::audit_cursor);
  query.type = p.text("type");
  query.from = p.time("from", s.settings.tz);
  query.to = p.time("to", s.settings.tz);
  const auto accounts = s.engine.accounts();
  const bool to_admin = r.who->role == plo::role::admin;
  if (const auto by = p.text("operator"); !by.empty()) {
    // An address finds its account for those who may know addresses.
    const auto owner = to_admin ? accounts->id_of(by) : std::nullopt;
    query.operator_id = owner ? owner->to_string() : by;
  }
  constexpr std::size_t longest = 300;
  if (query.type.size() > longest) p.fault("type", "is too long");
  if (query.operator_id && query.operator_id->size() > longest) p.fault("operator", "is too long");
  const auto author_of = [&](std::string_view id) {
    projections::audit_author author;
    const auto known = operators::user_id::parse(id);
    if (!known) return author;
    if (const auto* account = accounts->find(*known)) author.name = account->name;
    if (to_admin) author.email = accounts->email_of(*known);
    return author;
  };
  const auto respond = [&](const auto& views) {
    return response(200, page_json(projections::list_audit(views, s.engine.log(), query, author_of, to_admin), projections::audit_cursor));
  };
  co_return co_await from_folds(s, p, respond);
}

}  // namespace

void add_audit_routes(router& routes, service& s) {
  routes.add({"GET", "/api/audit", [&s](request& r) { return get_audit(s, r); }});
}

}  // namespace plo::http
