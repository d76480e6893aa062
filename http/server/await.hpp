// From the engine back into a coroutine: an answer is posted to the executor of whoever waits for it.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include "actors/core/completion.hpp"
#include "http/server/task.hpp"

namespace plo::http {

/// Calls `start` with a completion and resumes with what it was paid; with a default-made T when nobody pays.
///
/// `start` must be trivially copyable (capture references and pointers): g++ 12 copies the bytes of some temporaries in a co_await
/// expression, which breaks a captured std::string.
template <class T, class Start>
task<T> await_completion(Start start) {
  static_assert(std::is_trivially_copyable_v<Start>);
  namespace asio = boost::asio;
  return asio::async_initiate<const asio::use_awaitable_t<executor>, void(T)>(
      [start](auto resume) {
        auto home = asio::get_associated_executor(resume);
        auto waiting = std::make_shared<decltype(resume)>(std::move(resume));
        start(actors::completion<T>([waiting, home](T value) {
          asio::post(home, [waiting, value = std::move(value)]() mutable { (*waiting)(std::move(value)); });
        }));
      },
      use_task);
}

}  // namespace plo::http
