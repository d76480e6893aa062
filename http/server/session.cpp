#include "http/server/session.hpp"

#include <array>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/printable.hpp"
#include "http/auth/authentication.hpp"
#include "http/commands/idempotency.hpp"
#include "http/server/parameters.hpp"

namespace plo::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

namespace {

constexpr std::size_t max_unasked_body_bytes = 64 * 1024;  // of a request that is refused before its body
constexpr std::size_t max_linger_bytes = 128u << 20;       // of a client that may send, but sends too much
constexpr std::size_t kept_buffer_bytes = 16 * 1024;       // of an idle connection
constexpr std::chrono::seconds watch_interval{1};
constexpr std::chrono::seconds time_for_header{30};  // also how long a connection may idle
constexpr std::chrono::seconds time_for_body{60};
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
  address_ = socket_.remote_endpoint(ignored).address().to_string();
}

task<void> session::run() {
  const auto self = shared_from_this();
  watch();
  bool go_on = true;
  while (go_on && !service_.stopping) go_on = co_await serve_one();
  ended_ = true;
  enter(phase::answering);
  watchdog_.cancel();
  beast::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

void session::enter(phase now) {
  phase_ = now;
  idle_since_ = now == phase::idle ? steady_clock::now().time_since_epoch().count() : 0;
}

std::optional<std::chrono::steady_clock::time_point> session::idle_since() const {
  const auto since = idle_since_.load();
  if (since == 0) return std::nullopt;
  return steady_clock::time_point(steady_clock::duration(since));
}

void session::watch() {
  watchdog_.expires_after(watch_interval);
  watchdog_.async_wait([weak = weak_from_this()](beast::error_code cancelled) {
    const auto self = weak.lock();
    if (cancelled || !self || self->ended_) return;
    beast::error_code ignored;
    if (steady_clock::now() >= self->deadline_) {
      // What is under way ends with an error. A request that does not come to its end is told so; everything else is closed.
      if (self->phase_ != phase::receiving || self->timed_out_) return (void)self->socket_.close(ignored);
      self->timed_out_ = true;
      self->socket_.cancel(ignored);
    }
    self->watch();
  });
}

void session::stop() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    beast::error_code ignored;
    if (self->phase_ == phase::idle && !self->ended_) self->socket_.cancel(ignored);
    self->wake_timer_.cancel();
  });
}

void session::end_if_idle() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    beast::error_code ignored;
    if (self->phase_ == phase::idle && !self->ended_) self->socket_.close(ignored);
  });
}

/// Reads one request and answers it. False when the connection is to be closed.
task<bool> session::serve_one() {
  if (buffer_.size() == 0 && buffer_.capacity() > kept_buffer_bytes) buffer_.shrink_to_fit();
  request_reader incoming(socket_, buffer_);
  allow(time_for_header);
  enter(phase::idle);
  const bool there = co_await incoming.wait();
  if (!there) co_return false;
  enter(phase::receiving);
  allow(time_for_header);  // however long it was idle before
  using outcome = request_reader::outcome;
  const auto header = co_await incoming.read_header();
  if (header != outcome::done) {
    if (header == outcome::closed && !timed_out_) co_return false;
    const response last(header == outcome::refused ? incoming.fault() : make_problem(408, "the request did not come to its end in time"));
    co_return co_await end_with(last);
  }

  auto r = read_header(incoming.header());
  const unsigned version = incoming.version();
  const bool head_only = r.method == "HEAD";
  auto target = parse_target(view(incoming.header().target()));
  router::match match;
  if (target) {
    match = routes_.find(r.method, target->raw_path);
    r.path = std::move(target->path);
    r.query = std::move(target->query);
  }
  r.peer = address_;
  r.client = service_.proxies.client(address_, r.header("x-forwarded-for"));
  // Who may not send needs not send: nothing of the body is read before.
  if (const auto refused = refuse_before_body(target.has_value(), match, r)) co_return co_await refuse(incoming, *refused);

  held_bytes held(service_.budget);
  allow(time_for_body);
  const bool expects = version >= 11 && same_ignoring_case(r.header("expect"), "100-continue");
  const auto limit = match.found->max_body_bytes;
  r.body_too_large = incoming.announced() && *incoming.announced() > limit;
  if (!r.body_too_large && !incoming.is_done()) {
    if (expects) {
      static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      beast::error_code error;
      co_await asio::async_write(socket_, asio::buffer(go_on), asio::redirect_error(use_task, error));
      if (error) co_return false;
    }
    const auto body = co_await incoming.read_body(limit, held);
    if (body == outcome::closed && !timed_out_) co_return false;
    if (body != outcome::done && body != outcome::too_long) {
      const response last(body == outcome::refused ? incoming.fault()
                          : body == outcome::no_room ? overloaded("clients send more at this moment than there is room for")
                                                     : make_problem(408, "the body did not come to its end in time"));
      // What came of it is not held for as long as the client takes to go.
      r.body = incoming.take_body();
      std::string().swap(r.body);
      held.clear();
      co_return co_await end_with(last);
    }
    r.body_too_large = body == outcome::too_long;
  }
  r.body = incoming.take_body();
  r.path_parameters = std::move(match.parameters);
  enter(phase::answering);
  allow_any_time();

  manner how{version, incoming.keep_alive() && !r.body_too_large && !service_.stopping, head_only, takes_gzip(r.header("accept-encoding"))};
  auto reply = co_await respond(*match.found, r);
  const bool goes_on = co_await deliver(reply, *match.found, how);
  if (r.body_too_large) co_await linger(max_linger_bytes);
  co_return goes_on;
}

/// Why a request is refused whatever its body holds; empty: it may go on.
std::optional<response> session::refuse_before_body(bool readable, const router::match& match, request& r) {
  std::optional<response> refusal;
  if (!readable) refusal = make_problem(400, "the request target is malformed");
  else if (match.found == nullptr) refusal = nothing_there(match, r);
  else if (auto refused = authenticate(service_, *match.found, r)) refusal = std::move(*refused);
  if (refusal) service_.answers.add(match.found != nullptr ? std::string_view(match.found->pattern) : "none", refusal->status);
  return refusal;
}

/// Answers a request whose body is not wanted. The connection goes on where the body is small enough to be passed over.
task<bool> session::refuse(request_reader& incoming, const response& refusal) {
  enter(phase::answering);
  const bool expects = !incoming.header()[bhttp::field::expect].empty();
  const bool small = !incoming.announced() || *incoming.announced() <= max_unasked_body_bytes;
  const bool keep_alive = incoming.keep_alive() && !service_.stopping && (incoming.is_done() || (small && !expects));
  const manner how{incoming.version(), keep_alive, incoming.header().method() == bhttp::verb::head, false};
  const bool goes_on = co_await send(refusal, how);
  if (incoming.is_done()) co_return goes_on;
  if (goes_on) {
    held_bytes held(service_.budget);
    allow(time_to_linger);
    const auto rest = co_await incoming.read_body(max_unasked_body_bytes, held);
    if (rest == request_reader::outcome::done) co_return true;
  }
  co_await linger(max_unasked_body_bytes);
  co_return false;
}

/// The last answer on a connection that cannot go on.
task<bool> session::end_with(const response& last) {
  timed_out_ = false;
  enter(phase::answering);
  const manner how;
  co_await send(last, how);
  co_await linger(max_unasked_body_bytes);
  co_return false;
}

task<answer> session::respond(const route& to, request& r) {
  try {
    if (to.method != "GET" && !to.takes_query)
      if (const auto refused = refuse_query(r)) co_return response(*refused);
    if (to.watches_client) {
      auto gone = std::make_shared<std::atomic<bool>>(false);
      r.gone = gone;
      watch_hang_up(std::move(gone));
    }
    auto given = co_await answer_once(service_, to, r);
    if (to.watches_client) {
      beast::error_code ignored;
      socket_.cancel(ignored);
    }
    co_return given;
  } catch (const projections::view_not_ready& reason) {
    co_return response(overloaded(reason.what(), 5));
  } catch (const eventstore::store_error& failure) {
    spdlog::error("{} {}: {}", printable(r.method), printable(r.path), failure.what());
    co_return response(overloaded("the store cannot be read at the moment"));
  } catch (const std::bad_alloc&) {
    spdlog::error("{} {}: no memory", printable(r.method), printable(r.path));
    co_return response(overloaded("there is not enough memory at the moment"));
  } catch (const std::exception& failure) {
    spdlog::error("{} {}: {}", printable(r.method), printable(r.path), failure.what());
  }
  co_return response(make_problem(500, "something went wrong here; the log of the server says what"));
}

/// Says when the client goes away while its request is worked on. What it sends meanwhile is its next request, and no sign.
void session::watch_hang_up(std::shared_ptr<std::atomic<bool>> gone) {
  socket_.async_wait(asio::ip::tcp::socket::wait_read, [self = shared_from_this(), gone = std::move(gone)](beast::error_code cancelled) {
    if (cancelled) return;
    beast::error_code error;
    if (self->socket_.available(error) == 0 || error) *gone = true;
  });
}

/// A client that is still sending would lose the answer if the connection were simply closed: read on for a moment, and wait.
task<void> session::linger(std::size_t most) {
  beast::error_code error;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  allow(time_to_linger);
  std::array<char, 16 * 1024> sink;
  for (std::size_t read = 0; read < most && !error;) read += co_await socket_.async_read_some(asio::buffer(sink), asio::redirect_error(use_task, error));
  if (error) co_return;
  wake_timer_.expires_after(time_to_linger / 2);
  co_await wake_timer_.async_wait(asio::redirect_error(use_task, error));
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
