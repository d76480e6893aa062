// One client connection: requests in, answers out, one at a time.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "http/event_sink.hpp"
#include "http/router.hpp"
#include "http/service.hpp"

namespace plo::http {

/// A socket on the thread of its connection.
using client_socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, executor>;

class session final : public event_sink, public std::enable_shared_from_this<session> {
public:
  session(client_socket socket, const router& routes, service& s);

  /// Serves the connection until it ends. Spawned on the connection's thread.
  task<void> run();
  /// Ends an idle connection at once and a busy one after its answer. Any thread.
  void stop();

  task<bool> write(std::string_view text) override;
  task<void> wait(std::chrono::milliseconds at_most) override;
  std::function<void()> waker() override;
  bool stopping() const override { return service_.stopping; }

private:
  using parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using steady_clock = std::chrono::steady_clock;

  task<bool> serve_one();
  task<bool> read_body(parser& incoming, std::size_t limit);
  task<answer> respond(const router::match& match, request& r);
  task<bool> send(const response& reply, unsigned version, bool keep_alive, bool head_only);
  task<void> stream(const streamed& reply, bool head_only);
  task<void> linger();

  /// What happens next must be done within this time, or the connection is closed. A deadline is only a number; one timer per
  /// connection looks at it now and then, instead of one being set and cancelled for every read and write.
  void allow(std::chrono::seconds time) { deadline_ = steady_clock::now() + time; }
  void allow_any_time() { deadline_ = steady_clock::time_point::max(); }
  void watch();

  client_socket socket_;
  boost::beast::flat_buffer buffer_;
  boost::asio::steady_timer watchdog_;
  boost::asio::steady_timer wake_timer_;
  steady_clock::time_point deadline_ = steady_clock::time_point::max();
  std::atomic<bool> wake_posted_{false};
  const router& routes_;
  service& service_;
  bool idle_ = true;
  bool ended_ = false;
};

}  // namespace plo::http
