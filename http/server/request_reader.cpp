#include "http/server/request_reader.hpp"

#include <algorithm>
#include <limits>
#include <string_view>

#include <boost/asio/redirect_error.hpp>
#include <boost/beast/http/error.hpp>
#include <fmt/format.h>

#include "http/server/router.hpp"

namespace plo::http {

namespace asio = boost::asio;
namespace bhttp = boost::beast::http;

namespace {

constexpr std::size_t bytes_per_read = 8 * 1024;       // of headers and small bodies
constexpr std::size_t bytes_per_body_read = 64 * 1024;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

/// A name or an address, perhaps with a port; nothing that two readers could take for two hosts.
bool is_host(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("-._~%!$&'()*+;=:[]").find(c) != std::string_view::npos;
  });
}

}  // namespace

request_reader::request_reader(client_socket& socket, boost::beast::flat_buffer& buffer) : socket_(socket), buffer_(buffer) {
  parser_.header_limit(max_framing_bytes);
  parser_.body_limit(std::numeric_limits<std::uint64_t>::max());  // the route's own limit follows
}

/// More bytes into the buffer, which has room.
task<request_reader::input> request_reader::receive() {
  const auto room = buffer_.max_size() - buffer_.size();
  boost::system::error_code error;
  const auto wanted = std::min(room, parser_.is_header_done() ? bytes_per_body_read : bytes_per_read);
  const auto received = co_await socket_.async_read_some(buffer_.prepare(wanted), asio::redirect_error(use_task, error));
  buffer_.commit(received);
  co_return error == asio::error::eof ? input::end : error ? input::gone : input::more;
}

/// Somebody who has nothing more to send may still read what was wrong.
request_reader::outcome request_reader::broken_off(input what) {
  return what == input::end ? refuse(400, "the request breaks off") : outcome::closed;
}

task<bool> request_reader::wait() {
  // An empty line before the request is to be passed over (RFC 9112, 2.2).
  for (int empty_lines = 0; empty_lines < 8;) {
    const auto* bytes = static_cast<const char*>(buffer_.data().data());
    if (buffer_.size() >= 2 && bytes[0] == '\r' && bytes[1] == '\n') {
      buffer_.consume(2);
      ++empty_lines;
    } else if (buffer_.size() == 0 || (buffer_.size() == 1 && bytes[0] == '\r')) {
      const auto came = co_await receive();
      if (came != input::more) co_return false;
    } else {
      break;
    }
  }
  co_return true;
}

request_reader::outcome request_reader::refuse(unsigned status, std::string why) {
  fault_ = make_problem(status, std::move(why));
  return outcome::refused;
}

request_reader::outcome request_reader::refuse(const boost::system::error_code& error) {
  if (error == bhttp::error::header_limit || error == bhttp::error::buffer_overflow)
    return refuse(431, fmt::format("header, trailers and chunk extensions are longer than {} bytes", max_framing_bytes));
  return refuse(400, fmt::format("the request is not HTTP: {}", error.message()));
}

task<request_reader::outcome> request_reader::read_header() {
  for (;;) {
    boost::system::error_code error;
    if (buffer_.size() > 0) {
      const auto taken = parser_.put(buffer_.data(), error);
      const std::string_view lines(static_cast<const char*>(buffer_.data().data()), taken);
      folds_ = folds_ || lines.find("\n ") != std::string_view::npos || lines.find("\n\t") != std::string_view::npos;
      buffer_.consume(taken);
      read_ += taken;
    }
    if (error && error != bhttp::error::need_more) co_return refuse(error);
    if (parser_.is_header_done()) co_return check_framing();
    if (buffer_.size() == buffer_.max_size()) co_return refuse(bhttp::make_error_code(bhttp::error::header_limit));
    const auto came = co_await receive();
    if (came != input::more) co_return broken_off(came);
  }
}

/// What RFC 9112 forbids, and what Beast reads in its own way. Behind a proxy that reads it otherwise, one request becomes two.
request_reader::outcome request_reader::check_framing() {
  const auto& fields = header();
  if (folds_) return refuse(400, "a header field goes on in the next line");
  const auto hosts = fields.count(bhttp::field::host);
  if (hosts == 1 && !is_host(view(fields[bhttp::field::host]))) return refuse(400, "the Host field names no host");
  if (hosts > 1) return refuse(400, "the request names two hosts");
  if (hosts == 0 && version() >= 11) return refuse(400, "a Host field is needed");
  const auto encodings = fields.count(bhttp::field::transfer_encoding);
  if (encodings == 0) return outcome::done;
  if (encodings > 1 || !same_ignoring_case(view(fields[bhttp::field::transfer_encoding]), "chunked"))
    return refuse(400, "the only Transfer-Encoding that is taken is chunked");
  if (version() < 11) return refuse(400, "HTTP/1.0 has no Transfer-Encoding");
  if (fields.count(bhttp::field::content_length) > 0) return refuse(400, "Content-Length and Transfer-Encoding exclude each other");
  return outcome::done;
}

/// A chunk of that size needs at least its digits and two line ends.
void request_reader::note_chunk(std::uint64_t size) {
  std::uint64_t digits = 1;
  for (auto rest = size >> 4; rest > 0; rest >>= 4) ++digits;
  chunking_ += digits + 4;
}

bool request_reader::too_much_framing() {
  const auto needed = parser_.get().body().size() + chunking_;
  return read_ > needed && read_ - needed > max_framing_bytes;
}

task<request_reader::outcome> request_reader::read_body(std::size_t limit, held_bytes& held) {
  if (announced() && *announced() > limit) co_return outcome::too_long;
  parser_.body_limit(limit);
  parser_.eager(true);
  auto on_chunk = [this](std::uint64_t size, boost::beast::string_view /*extensions*/, boost::system::error_code&) { note_chunk(size); };
  parser_.on_chunk_header(on_chunk);
  std::size_t accounted = announced().value_or(0);
  if (!held.take(accounted)) co_return outcome::no_room;
  while (!parser_.is_done()) {
    boost::system::error_code error;
    if (buffer_.size() > 0) {
      const auto taken = parser_.put(buffer_.data(), error);
      buffer_.consume(taken);
      read_ += taken;
    }
    if (error == bhttp::error::body_limit) co_return outcome::too_long;
    if (error && error != bhttp::error::need_more) co_return refuse(error);
    if (too_much_framing()) co_return refuse(bhttp::make_error_code(bhttp::error::header_limit));
    if (const auto size = parser_.get().body().size(); size > accounted) {
      if (!held.take(size - accounted)) co_return outcome::no_room;
      accounted = size;
    }
    if (parser_.is_done()) break;
    if (buffer_.size() == buffer_.max_size()) co_return refuse(bhttp::make_error_code(bhttp::error::header_limit));
    const auto came = co_await receive();
    if (came != input::more) co_return broken_off(came);
  }
  co_return outcome::done;
}

}  // namespace plo::http
