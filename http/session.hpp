// One client connection: requests in, answers out, one at a time.
#pragma once

#include <atomic>
#include <memory>

#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "http/event_sink.hpp"
#include "http/router.hpp"
#include "http/service.hpp"

namespace plo::http {

class session final : public event_sink, public std::enable_shared_from_this<session> {
public:
  session(boost::asio::ip::tcp::socket socket, const router& routes, service& s);

  /// Serves the connection until it ends. Spawned on the connection's strand.
  boost::asio::awaitable<void> run();
  /// Ends an idle connection at once and a busy one after its answer. Any thread.
  void stop();

  boost::asio::awaitable<bool> write(std::string_view text) override;
  boost::asio::awaitable<void> wait(std::chrono::milliseconds at_most) override;
  std::function<void()> waker() override;
  bool stopping() const override { return service_.stopping; }

private:
  using parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  boost::asio::awaitable<bool> serve_one();
  boost::asio::awaitable<bool> read_body(parser& incoming, std::size_t limit);
  boost::asio::awaitable<answer> respond(const router::match& match, request& r);
  boost::asio::awaitable<bool> send(const response& reply, unsigned version, bool keep_alive, bool head_only);
  boost::asio::awaitable<void> stream(const stream_handler& serve);
  boost::asio::awaitable<void> linger();

  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  boost::asio::steady_timer wake_timer_;
  std::atomic<bool> wake_posted_{false};
  const router& routes_;
  service& service_;
  bool from_loopback_ = false;
  bool idle_ = true;
};

}  // namespace plo::http
