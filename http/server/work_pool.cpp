#include "http/server/work_pool.hpp"

#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace plo::http {

namespace {

/// On Linux the priority is the thread's own: whoever ingests goes before whoever looks back.
void give_way() {
  thread_local const bool given = ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), 5) == 0;
  (void)given;
}

}  // namespace

work_pool::work_pool(unsigned threads, std::size_t most_waiting) : most_(most_waiting) { threads_.emplace(threads); }

work_pool::~work_pool() { finish(); }

bool work_pool::post(std::function<void()> job) {
  if (waiting_.fetch_add(1) >= most_) {
    waiting_.fetch_sub(1);
    return false;
  }
  boost::asio::post(*threads_, [this, job = std::move(job)] {
    waiting_.fetch_sub(1);  // it waits no longer; when it answers, whoever asked may ask again at once
    give_way();
    try {
      job();
    } catch (const std::exception& failure) {
      spdlog::error("work in the background broke off: {}", failure.what());
    } catch (...) {
      spdlog::error("work in the background broke off");
    }
  });
  return true;
}

void work_pool::finish() {
  if (!threads_) return;
  threads_->stop();
  threads_->join();
  // With the pool go the jobs that never ran, and their completions answer while there is somebody to answer to.
  threads_.reset();
}

}  // namespace plo::http
