// The coroutines of the server. Each connection lives on one thread's io_context, so nothing of it needs a strand or a lock, and the
// concrete executor type spares the type-erased one's costs on every step.
#pragma once

// Boost 1.74 forgets to include this before its coroutine header.
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace plo::http {

using executor = boost::asio::io_context::executor_type;

template <class T>
using task = boost::asio::awaitable<T, executor>;

inline constexpr boost::asio::use_awaitable_t<executor> use_task;

}  // namespace plo::http
