// One client connection: requests in, answers out, one at a time.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include "http/server/compression.hpp"
#include "http/server/event_sink.hpp"
#include "http/server/request_reader.hpp"
#include "http/server/router.hpp"
#include "http/server/service.hpp"

namespace plo::http {

/// How long a client may take to read the next piece of an answer.
inline constexpr std::chrono::seconds time_for_answer{30};

class session final : public event_sink, public std::enable_shared_from_this<session> {
public:
  session(client_socket socket, const router& routes, service& s);

  /// Serves the connection until it ends. Spawned on the connection's thread.
  task<void> run();
  /// Ends an idle connection at once and a busy one after its answer. Any thread.
  void stop();
  /// Since when the connection has been waiting for a request; empty: it is busy. Any thread.
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> idle_since() const;
  /// Ends the connection if it is idle. Any thread.
  void end_if_idle();

  task<bool> write(std::string_view text) override;
  task<bool> write(std::span<const std::string_view> pieces) override;
  task<void> wait(std::chrono::milliseconds at_most) override;
  std::function<void()> waker() override;
  bool stopping() const override { return service_.stopping; }

private:
  using steady_clock = std::chrono::steady_clock;
  /// What the connection is doing, and so what happens when it takes too long.
  enum class phase : std::uint8_t {
    idle,       // waits for a request: it is closed
    receiving,  // 408
    answering,  // closed
  };

  // What a coroutine is given by reference lives in its caller's frame: g++ 12 breaks temporaries in a co_await expression.
  task<bool> serve_one();
  [[nodiscard]] std::optional<response> refuse_before_body(bool readable, const router::match& match, request& r);
  task<bool> refuse(request_reader& incoming, const response& refusal);
  task<answer> respond(const route& to, request& r);
  /// How an answer is to be sent: as its request asked.
  struct manner {
    unsigned version = 11;
    bool keep_alive = false;
    bool head_only = false;
    bool gzip = false;
  };
  task<bool> deliver(answer& reply, const route& to, const manner& how);
  task<void> pack(response& reply);
  task<bool> send(const response& reply, const manner& how);
  task<bool> stream(const streamed& reply, const manner& how);
  task<bool> end_with(const response& last);
  task<bool> write_chunk(std::span<const std::string_view> pieces);
  task<void> linger(std::size_t most);
  void watch_hang_up(std::shared_ptr<std::atomic<bool>> gone);
  void enter(phase now);

  /// What happens next must be done within this time. A deadline is only a number; one timer per connection looks at it now and then,
  /// instead of one being set and cancelled for every read and write.
  void allow(std::chrono::seconds time) { deadline_ = steady_clock::now() + time; }
  void allow_any_time() { deadline_ = steady_clock::time_point::max(); }
  void watch();

  client_socket socket_;
  boost::beast::flat_buffer buffer_{max_framing_bytes};
  boost::asio::steady_timer watchdog_;
  boost::asio::steady_timer wake_timer_;
  steady_clock::time_point deadline_ = steady_clock::time_point::max();
  std::atomic<steady_clock::rep> idle_since_{0};  // 0: busy
  std::atomic<bool> wake_posted_{false};
  const router& routes_;
  service& service_;
  std::string address_;
  phase phase_ = phase::idle;
  bool timed_out_ = false;
  bool chunks_ = true;  // of the streamed answer that is under way
  std::unique_ptr<gzip_stream> packing_;  // likewise; null: it is sent as it is
  bool ended_ = false;
};

}  // namespace plo::http
