// Threads for what would hold an I/O thread too long: folds of large projects, replays of the stream, trials of rules.
//
// They yield to the threads that ingest (a lower priority), take a bounded number of jobs, and no exception leaves them.
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "http/server/await.hpp"

namespace plo::http {

class work_pool {
public:
  work_pool(unsigned threads, std::size_t most_waiting);
  ~work_pool();
  work_pool(const work_pool&) = delete;
  work_pool& operator=(const work_pool&) = delete;

  /// False when as many jobs as may be are waiting; else `job` runs once, unless the pool is finished before.
  [[nodiscard]] bool post(std::function<void()> job);
  /// Waits for what goes on; what waits still is dropped, and whoever waits for it is told by its completion. Nothing may be posted after it.
  void finish();

private:
  std::size_t most_;
  std::atomic<std::size_t> waiting_{0};
  std::optional<boost::asio::thread_pool> threads_;
};

/// Runs `work` on the pool and resumes here with what it gave; empty when the pool has no room. What it throws is thrown here.
/// `work` must live in the caller's frame (g++ 12 breaks temporaries in a co_await expression).
template <class Work>
task<std::optional<std::invoke_result_t<Work&>>> on_pool(work_pool& pool, Work& work) {
  std::optional<std::invoke_result_t<Work&>> made;
  std::exception_ptr failure;
  auto start = [&pool, &work, &made, &failure](actors::completion<bool> done) {
    const bool taken = pool.post([&work, &made, &failure, done] {
      try {
        made.emplace(work());
      } catch (...) {
        failure = std::current_exception();
      }
      done(true);
    });
    if (!taken) done(false);
  };
  co_await await_completion<bool>(start);
  if (failure) std::rethrow_exception(failure);
  co_return made;
}

}  // namespace plo::http
