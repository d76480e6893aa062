#include "http/session.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/version.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "http/authentication.hpp"
#include "http/idempotency.hpp"

namespace plo::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

namespace {

constexpr std::uint32_t max_header_bytes = 16 * 1024;
constexpr std::size_t max_unrouted_body_bytes = 64 * 1024;
constexpr std::chrono::seconds watch_interval{1};
constexpr std::chrono::seconds time_for_header{30};  // also how long a connection may idle
constexpr std::chrono::seconds time_for_body{60};
constexpr std::chrono::seconds time_for_answer{30};
constexpr std::chrono::seconds time_to_linger{2};

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

request read_header(const bhttp::request_header<>& header) {
  request r;
  r.method = std::string(view(header.method_string()));
  for (const auto& field : header) r.headers.emplace_back(view(field.name_string()), view(field.value()));
  return r;
}

}  // namespace

session::session(client_socket socket, const router& routes, service& s)
    : socket_(std::move(socket)), watchdog_(socket_.get_executor()), wake_timer_(socket_.get_executor()),
      routes_(routes), service_(s) {
  beast::error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

task<void> session::run() {
  const auto self = shared_from_this();
  watch();
  bool go_on = true;
  while (go_on && !service_.stopping) go_on = co_await serve_one();
  ended_ = true;
  watchdog_.cancel();
  beast::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

void session::watch() {
  watchdog_.expires_after(watch_interval);
  watchdog_.async_wait([weak = weak_from_this()](beast::error_code cancelled) {
    const auto self = weak.lock();
    if (cancelled || !self || self->ended_) return;
    beast::error_code ignored;
    if (steady_clock::now() < self->deadline_) return self->watch();
    // What is under way ends with an error, and the connection with it.
    self->socket_.close(ignored);
  });
}

void session::stop() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    beast::error_code ignored;
    if (self->idle_ && !self->ended_) self->socket_.cancel(ignored);
    self->wake_timer_.cancel();
  });
}

/// Reads one request and answers it. False when the connection is to be closed.
task<bool> session::serve_one() {
  parser incoming;
  incoming.header_limit(max_header_bytes);
  incoming.body_limit(std::numeric_limits<std::uint64_t>::max());  // the route's own limit follows
  beast::error_code error;
  allow(time_for_header);
  idle_ = true;
  co_await bhttp::async_read_header(socket_, buffer_, incoming, asio::redirect_error(use_task, error));
  idle_ = false;
  if (error == bhttp::error::header_limit) {
    const response too_long = make_problem(431, "the request header is too large");
    co_await send(too_long, 11, false, false);
    co_await linger();
    co_return false;
  }
  if (error.category() == bhttp::make_error_code(bhttp::error::bad_version).category() &&
      error != bhttp::error::end_of_stream && error != bhttp::error::partial_message) {
    const response malformed = make_problem(400, fmt::format("the request is not HTTP: {}", error.message()));
    co_await send(malformed, 11, false, false);
    co_await linger();
    co_return false;
  }
  if (error) co_return false;

  auto r = read_header(incoming.get().base());
  const unsigned version = incoming.get().version();
  const bool head_only = r.method == "HEAD";
  auto target = parse_target(view(incoming.get().target()));
  router::match match;
  if (target) {
    r.path = std::move(target->path);
    r.query = std::move(target->query);
    match = routes_.find(r.method, r.path);
  }
  const auto limit = match.found != nullptr ? match.found->max_body_bytes : max_unrouted_body_bytes;
  r.body_too_large = !co_await read_body(incoming, limit);
  if (!r.body_too_large && !incoming.is_done()) co_return false;  // the client went away in the middle
  r.body = std::move(incoming.get().body());
  r.path_parameters = match.parameters;
  allow_any_time();

  const bool keep_alive = incoming.get().keep_alive() && !r.body_too_large && !service_.stopping;
  answer reply;
  if (!target)
    reply = response(make_problem(400, "the request target is malformed"));
  else
    reply = co_await respond(match, r);
  if (const auto* going_on = std::get_if<streamed>(&reply)) {
    service_.answers.add(match.found->pattern, 200);
    co_await stream(*going_on, head_only);
    co_return false;
  }
  const auto& plain = std::get<response>(reply);
  service_.answers.add(match.found != nullptr ? std::string_view(match.found->pattern) : "none", plain.status);
  const bool sent = co_await send(plain, version, keep_alive, head_only);
  if (sent && r.body_too_large) co_await linger();
  co_return sent && keep_alive;
}

/// Reads the body unless it is longer than the limit. True when it is complete or the client went away.
task<bool> session::read_body(parser& incoming, std::size_t limit) {
  const auto announced = incoming.content_length();
  if (announced && *announced > limit) co_return false;
  incoming.body_limit(limit);
  beast::error_code error;
  allow(time_for_body);
  if (same_ignoring_case(view(incoming.get()[bhttp::field::expect]), "100-continue")) {
    static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await asio::async_write(socket_, asio::buffer(go_on), asio::redirect_error(use_task, error));
    if (error) co_return true;
  }
  // Usually the whole body came with the header.
  if (!incoming.is_done() && buffer_.size() > 0) buffer_.consume(incoming.put(buffer_.data(), error));
  if (error == bhttp::error::need_more) error = {};
  if (!incoming.is_done() && !error)
    co_await bhttp::async_read(socket_, buffer_, incoming, asio::redirect_error(use_task, error));
  co_return error != bhttp::error::body_limit;
}

task<answer> session::respond(const router::match& match, request& r) {
  if (match.found == nullptr && match.allowed.empty())
    co_return response(make_problem(404, fmt::format("there is nothing at {}", r.path)));
  if (match.found == nullptr) {
    response refused = make_problem(405, fmt::format("{} does not take {}", r.path, r.method));
    refused.headers.emplace_back("Allow", fmt::format("{}", fmt::join(match.allowed, ", ")));
    co_return refused;
  }
  try {
    if (const auto refused = authenticate(service_, *match.found, r)) co_return response(*refused);
    co_return co_await answer_once(service_, *match.found, r);
  } catch (const eventstore::store_error& failure) {
    spdlog::error("{} {}: {}", r.method, r.path, failure.what());
    co_return response(overloaded("the store cannot be read at the moment"));
  } catch (const std::exception& failure) {
    spdlog::error("{} {}: {}", r.method, r.path, failure.what());
  }
  co_return response(make_problem(500, "something went wrong here; the log of the server says what"));
}

task<bool> session::send(const response& reply, unsigned version, bool keep_alive, bool head_only) {
  bhttp::response<bhttp::string_body> outgoing(static_cast<bhttp::status>(reply.status), version);
  outgoing.set(bhttp::field::server, "plo");
  outgoing.set(bhttp::field::content_type, reply.content_type);
  outgoing.set(bhttp::field::cache_control, "no-store");
  for (const auto& [name, value] : reply.headers) outgoing.set(name, value);
  outgoing.keep_alive(keep_alive);
  outgoing.content_length(reply.body.size());
  if (!head_only) outgoing.body() = reply.body;
  bhttp::response_serializer<bhttp::string_body> serializer(outgoing);
  beast::error_code error;
  allow(time_for_answer);
  if (head_only)
    co_await bhttp::async_write_header(socket_, serializer, asio::redirect_error(use_task, error));
  else
    co_await bhttp::async_write(socket_, serializer, asio::redirect_error(use_task, error));
  co_return !error;
}

task<void> session::stream(const streamed& reply, bool head_only) {
  auto header = fmt::format("HTTP/1.1 200 OK\r\nServer: plo\r\nContent-Type: {}\r\nCache-Control: no-store\r\n"
                            "X-Accel-Buffering: no\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n",
                            reply.content_type);
  for (const auto& [name, value] : reply.headers) header += fmt::format("{}: {}\r\n", name, value);
  header += "\r\n";
  beast::error_code error;
  allow(time_for_answer);
  co_await asio::async_write(socket_, asio::buffer(header), asio::redirect_error(use_task, error));
  if (error || head_only) co_return;
  try {
    co_await reply.serve(*this);
  } catch (const std::exception& failure) {
    spdlog::error("a streamed answer broke off: {}", failure.what());
    co_return;
  }
  const auto last_chunk = bhttp::make_chunk_last();
  allow(time_to_linger);
  co_await asio::async_write(socket_, last_chunk, asio::redirect_error(use_task, error));
}

/// A client that is still sending would lose the answer if the connection were simply closed: read on for a moment.
task<void> session::linger() {
  beast::error_code error;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  allow(time_to_linger);
  std::array<char, 64 * 1024> sink;
  for (int pieces = 0; pieces < 2048 && !error; ++pieces)
    co_await socket_.async_read_some(asio::buffer(sink), asio::redirect_error(use_task, error));
}

task<bool> session::write(std::string_view text) {
  beast::error_code error;
  const auto chunk = bhttp::make_chunk(asio::buffer(text));
  allow(time_for_answer);
  co_await asio::async_write(socket_, chunk, asio::redirect_error(use_task, error));
  allow_any_time();
  co_return !error;
}

task<void> session::wait(std::chrono::milliseconds at_most) {
  boost::system::error_code woken;
  wake_timer_.expires_after(at_most);
  co_await wake_timer_.async_wait(asio::redirect_error(use_task, woken));
}

std::function<void()> session::waker() {
  return [weak = weak_from_this()] {
    const auto self = weak.lock();
    // One post serves every publication until the stream has looked again.
    if (!self || self->wake_posted_.exchange(true)) return;
    asio::post(self->socket_.get_executor(), [self] {
      self->wake_posted_ = false;
      self->wake_timer_.cancel();
    });
  };
}

}  // namespace plo::http
