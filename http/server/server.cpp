#include "http/server/server.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "http/server/session.hpp"

namespace plo::http {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::chrono::seconds time_to_stop{6};  // of the ten that SIGTERM may take
constexpr std::chrono::milliseconds accept_pause{100};
/// How long a connection must have been idle to give way to another, and how many do at once.
constexpr std::chrono::seconds least_idle{1};
constexpr std::size_t connections_going = 64;
constexpr std::chrono::seconds between_complaints{10};

using contexts = std::vector<std::unique_ptr<asio::io_context>>;

contexts make_contexts(unsigned threads) {
  contexts made;
  for (unsigned i = 0; i < threads; ++i) made.push_back(std::make_unique<asio::io_context>(1));
  return made;
}

auto make_guards(const contexts& of) {
  std::vector<asio::executor_work_guard<executor>> guards;
  for (const auto& context : of) guards.emplace_back(context->get_executor());
  return guards;
}

}  // namespace

struct server::parts {
  parts(const http::settings& settings, actors::engine& engine, const route_plan& plan)
      : service_(engine, settings, plan.accounts), threads_(settings.io_threads != 0 ? settings.io_threads
                                                : std::max(1u, std::thread::hardware_concurrency())) {
    plan.add(routes_, service_);

    const auto& listen = settings;
    boost::system::error_code error;
    const auto address = asio::ip::make_address(listen.host == "localhost" ? "127.0.0.1" : listen.host, error);
    if (error) throw std::runtime_error(fmt::format("'{}' is not an IP address to listen on", listen.host));
    const tcp::endpoint endpoint(address, listen.port);
    try {
      acceptor_.open(endpoint.protocol());
      acceptor_.set_option(asio::socket_base::reuse_address(true));
      acceptor_.bind(endpoint);
      acceptor_.listen(asio::socket_base::max_listen_connections);
    } catch (const boost::system::system_error& failure) {
      throw std::runtime_error(fmt::format("cannot listen on {}:{}: {}", listen.host, listen.port, failure.code().message()));
    }
  }

  asio::io_context& front() { return *contexts_.front(); }

  task<void> accept() {
    for (std::size_t next = 0;; ++next) {
      client_socket socket(*contexts_[next % contexts_.size()]);
      boost::system::error_code error;
      co_await acceptor_.async_accept(socket, asio::redirect_error(use_task, error));
      if (error == asio::error::operation_aborted || !acceptor_.is_open()) co_return;
      if (error) {
        complain("cannot accept a connection: " + error.message());
        make_room();
        asio::steady_timer pause(front(), accept_pause);
        co_await pause.async_wait(asio::redirect_error(use_task, error));
        continue;
      }
      start(std::move(socket));
    }
  }

  void start(client_socket socket) {
    const auto home = socket.get_executor();
    const auto most = service_.settings.limits.connections;
    const bool full = [&] {
      const std::lock_guard lock(guard_);
      return sessions_.size() >= most;
    }();
    if (full) make_room();
    auto connection = std::make_shared<session>(std::move(socket), routes_, service_);
    {
      const std::lock_guard lock(guard_);
      if (sessions_.size() >= most + connections_going) return complain(fmt::format("{} connections are open: another one is refused", sessions_.size()));
      sessions_.insert(connection);
    }
    asio::co_spawn(
        home, [connection] { return connection->run(); },
        [this, connection](const std::exception_ptr& failure) {
          if (failure) spdlog::error("a connection ended by an exception");
          const std::lock_guard lock(guard_);
          sessions_.erase(connection);
          if (service_.stopping && sessions_.empty()) finish();
        });
  }

  /// Those that have waited longest for a request give way: who only holds connections keeps nobody out.
  void make_room() {
    const auto long_enough = std::chrono::steady_clock::now() - least_idle;
    std::vector<std::pair<std::chrono::steady_clock::time_point, std::shared_ptr<session>>> idle;
    {
      const std::lock_guard lock(guard_);
      for (const auto& connection : sessions_)
        if (const auto since = connection->idle_since(); since && *since < long_enough) idle.emplace_back(*since, connection);
    }
    const auto going = std::min(idle.size(), connections_going);
    std::partial_sort(idle.begin(), idle.begin() + static_cast<std::ptrdiff_t>(going), idle.end(),
                      [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < going; ++i) idle[i].second->end_if_idle();
  }

  /// Somebody who opens thousands of connections is told of now and then.
  void complain(const std::string& what) {
    const auto now = std::chrono::steady_clock::now();
    ++untold_;
    if (now - complained_at_ < between_complaints) return;
    complained_at_ = now;
    spdlog::warn("{} ({} times since this was said last)", what, std::exchange(untold_, 0));
  }

  /// A thread of the server. Nothing that a client sends may end it: what a handler throws, Asio rethrows here.
  static void serve(asio::io_context& context) {
    for (;;) {
      try {
        context.run();
        return;
      } catch (const std::exception& failure) {
        spdlog::error("a connection broke off: {}", failure.what());
      }
    }
  }

  void stop() {
    spdlog::info("stopping: no new connections, finishing what is under way");
    service_.stopping = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    deadline_.expires_after(time_to_stop);
    deadline_.async_wait([this](boost::system::error_code cancelled) {
      if (cancelled) return;
      spdlog::warn("some connections did not end in time");
      for (const auto& context : contexts_) context->stop();
    });
    const std::lock_guard lock(guard_);
    for (const auto& connection : sessions_) connection->stop();
    if (sessions_.empty()) finish();
  }

  /// The last connection has gone: without work the threads come home.
  void finish() {
    asio::post(front(), [this] {
      deadline_.cancel();
      signals_.cancel();
      work_.clear();
    });
  }

  void run() {
    signals_.async_wait([this](boost::system::error_code cancelled, int) {
      if (!cancelled) stop();
    });
    asio::co_spawn(
        front().get_executor(), [this] { return accept(); }, [](const std::exception_ptr&) {});
    std::vector<std::thread> pool;
    for (unsigned i = 1; i < threads_; ++i) pool.emplace_back([this, i] { serve(*contexts_[i]); });
    serve(front());
    for (auto& thread : pool) thread.join();
    service_.finish_background();
  }

  router routes_;
  service service_;
  unsigned threads_;
  // One per thread: a connection stays on its thread.
  contexts contexts_ = make_contexts(threads_);
  std::vector<asio::executor_work_guard<executor>> work_ = make_guards(contexts_);
  tcp::acceptor acceptor_{front()};
  asio::signal_set signals_{front(), SIGTERM, SIGINT};
  asio::steady_timer deadline_{front()};
  std::chrono::steady_clock::time_point complained_at_{};  // by the thread that accepts
  std::uint64_t untold_ = 0;
  std::mutex guard_;
  std::unordered_set<std::shared_ptr<session>> sessions_;
};

server::server(const http::settings& settings, actors::engine& engine, const route_plan& plan)
    : parts_(std::make_unique<parts>(settings, engine, plan)) {}

server::~server() = default;

std::vector<std::pair<std::string, std::string>> server::routes() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& route : parts_->routes_.routes()) all.emplace_back(route.method, route.pattern);
  return all;
}

std::string server::url() const {
  const auto endpoint = parts_->acceptor_.local_endpoint();
  const auto host = endpoint.address().is_v6() ? fmt::format("[{}]", endpoint.address().to_string())
                                               : endpoint.address().to_string();
  return fmt::format("http://{}:{}", host, endpoint.port());
}

void server::run() { parts_->run(); }

}  // namespace plo::http
