// Answering from the read models: one snapshot per answer, waiting for a position that the client has already seen, pages.
#pragma once

#include <chrono>
#include <string>

#include "http/server/parameters.hpp"
#include "http/server/service.hpp"
#include "projections/core/page.hpp"
#include "projections/core/read_models.hpp"

namespace plo::http {

inline constexpr std::uint64_t max_position = ~std::uint64_t{0} >> 1;

/// Waits until the read models hold a position. False after five seconds.
[[nodiscard]] task<bool> wait_for(service& s, position wanted);

/// Checks the parameters and waits for `at_least` if the client asked for a position. Why it cannot be answered; empty: it can.
[[nodiscard]] task<std::optional<problem>> refuse_or_wait(service& s, parameters& p);
/// The position that an answer must hold: `at_least`, if the client asked for one.
[[nodiscard]] position wanted_position(parameters& p);

/// Answers from one snapshot of the read models, which holds `at_least` if the client asked for a position.
/// Everything is taken by reference and must live in the caller's frame: g++ 12 breaks temporaries in a co_await expression.
template <class Respond>
task<answer> from_views(service& s, parameters& p, const Respond& respond) {
  const auto refused = co_await refuse_or_wait(s, p);
  if (refused) co_return response(*refused);
  const auto views = s.engine.views(wanted_position(p));
  response result = respond(*views);
  result.headers.emplace_back("X-PLO-Position", std::to_string(projections::checkpoint_of(*views).value));
  co_return result;
}

/// Makes an answer on a thread of its own, or says that there is none free.
template <class Make>
task<answer> made_elsewhere(service& s, Make& make) {
  auto result = co_await on_pool(s.folds, make);
  if (!result) co_return response(overloaded("more is being read at this moment than there is time for"));
  co_return std::move(*result);
}

/// The same on a thread of its own: for what folds a stream or reads many events, and may take long.
template <class Respond>
task<answer> from_folds(service& s, parameters& p, const Respond& respond) {
  const auto refused = co_await refuse_or_wait(s, p);
  if (refused) co_return response(*refused);
  auto make = [&s, &respond, wanted = wanted_position(p)] {
    const auto views = s.engine.views(wanted);
    response result = respond(*views);
    result.headers.emplace_back("X-PLO-Position", std::to_string(projections::checkpoint_of(*views).value));
    return result;
  };
  co_return co_await made_elsewhere(s, make);
}

/// The same from rows and indexes of one position; `long_work`: on a thread of its own, for a text that many rows may hold.
template <class Respond>
task<answer> from_lists(service& s, parameters& p, const Respond& respond, bool long_work = false) {
  const auto refused = co_await refuse_or_wait(s, p);
  if (refused) co_return response(*refused);
  auto make = [&s, &respond, wanted = wanted_position(p)] {
    auto views = s.engine.read(wanted);
    response result = respond(views);
    result.headers.emplace_back("X-PLO-Position", std::to_string(projections::checkpoint_of(views.rows()).value));
    return result;
  };
  if (long_work) co_return co_await made_elsewhere(s, make);
  co_return make();
}

/// `{items, next_cursor, total}`; `list` is the letter of its cursors.
[[nodiscard]] std::string page_json(const projections::page& page, char list);

/// `limit` and `cursor` of a request.
[[nodiscard]] projections::page_request page_of(parameters& p, char list, std::uint64_t default_limit = projections::default_page);
/// The same for a list that an index in memory serves.
[[nodiscard]] projections::page_request page_of_index(parameters& p, char list);

}  // namespace plo::http
