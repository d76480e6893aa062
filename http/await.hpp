// From the engine back into a coroutine: an answer is posted to the executor of whoever waits for it.
#pragma once

#include <memory>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "actors/completion.hpp"

namespace plo::http {

/// Calls `start` with a completion and resumes with what it was paid; with `abandoned` when nobody pays.
template <class T, class Start>
boost::asio::awaitable<T> await_completion(T abandoned, Start start) {
  namespace asio = boost::asio;
  auto initiate = [abandoned = std::move(abandoned), start = std::move(start)](auto handler) mutable {
    auto executor = asio::get_associated_executor(handler);
    auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
    start(actors::completion<T>(
        [waiting, executor](T value) {
          asio::post(executor, [waiting, value = std::move(value)]() mutable { (*waiting)(std::move(value)); });
        },
        std::move(abandoned)));
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(T)>(std::move(initiate),
                                                                                  asio::use_awaitable);
}

}  // namespace plo::http
