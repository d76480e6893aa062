#include "http/server/reading.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/json.hpp"
#include "http/server/await.hpp"
#include "projections/core/facet_index.hpp"

namespace plo::http {

namespace asio = boost::asio;

namespace {
constexpr std::chrono::seconds longest_wait{5};
}

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

position wanted_position(parameters& p) { return {p.number("at_least", 0, max_position, 0)}; }

task<std::optional<problem>> refuse_or_wait(service& s, parameters& p) {
  const auto wanted = wanted_position(p);
  if (!p.ok()) co_return p.refusal();
  if (wanted.value > 0) {
    const bool reached = co_await wait_for(s, wanted);
    if (!reached) co_return make_problem(504, "the read models did not reach the position within 5 s");
  }
  co_return std::nullopt;
}

std::string page_json(const projections::page& page, char list) {
  json_writer json;
  json.begin_object().field_raw("items", page.items);
  json.field("next_cursor", page.next ? std::optional(projections::make_cursor(list, *page.next)) : std::nullopt);
  json.field("total", page.total).end_object();
  return json.str();
}

projections::page_request page_of(parameters& p, char list, std::uint64_t default_limit) {
  projections::page_request page;
  page.limit = p.number("limit", 1, projections::max_page, default_limit);
  if (const auto cursor = p.optional_text("cursor")) {
    page.after = projections::read_cursor(list, *cursor);
    if (!page.after) p.fault("cursor", "is not a cursor of this list");
  }
  return page;
}

projections::page_request page_of_index(parameters& p, char list) {
  auto page = page_of(p, list);
  if (page.after && !projections::decode_place(*page.after)) p.fault("cursor", "is not a cursor of this list");
  return page;
}

}  // namespace plo::http
