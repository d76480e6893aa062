// Answering from the read models: one snapshot per answer, waiting for a position that the client has already seen, pages.
#pragma once

#include <chrono>
#include <string>

#include "eventstore/kv_store.hpp"
#include "http/parameters.hpp"
#include "http/service.hpp"
#include "projections/page.hpp"
#include "projections/read_models.hpp"

namespace plo::http {

inline constexpr std::uint64_t max_position = ~std::uint64_t{0} >> 1;

/// Waits until the read models hold a position. False after five seconds.
[[nodiscard]] task<bool> wait_for(service& s, position wanted);

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

/// `{items, next_cursor, total}`; `list` is the letter of its cursors.
[[nodiscard]] std::string page_json(const projections::page& page, char list);

/// `limit` and `cursor` of a request.
[[nodiscard]] projections::page_request page_of(parameters& p, char list, std::uint64_t default_limit = projections::default_page);

}  // namespace plo::http
