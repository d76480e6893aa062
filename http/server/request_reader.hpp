// One request off a connection, byte by byte within bounds: whatever a client sends, it is a request, a clear refusal, or the end.
//
// Beast parses. What it does not bound is bounded here: header, trailers, chunk extensions and padding together (RFC 9112 sets no limit,
// Beast throws out of its completion on fields over 64 KiB), and the framing that two readers could read in two ways is refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "http/server/limits.hpp"
#include "http/server/problem.hpp"
#include "http/server/task.hpp"

namespace plo::http {

/// A socket on the thread of its connection.
using client_socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, executor>;

/// Header, trailers and what surrounds chunks.
inline constexpr std::size_t max_framing_bytes = 64 * 1024;

class request_reader {
public:
  /// `buffer` must not take more than max_framing_bytes; it keeps what follows the request for the next one.
  request_reader(client_socket& socket, boost::beast::flat_buffer& buffer);

  /// Waits for the first byte of a request. False: the client is gone, or whoever waits was told to stop.
  [[nodiscard]] task<bool> wait();

  enum class outcome : std::uint8_t {
    done,
    closed,     // the client is gone, or takes too long
    refused,    // `fault` says why; the connection cannot go on
    too_long,   // the body is longer than the limit: it was not read
    no_room,    // clients hold as much as they may already
  };
  [[nodiscard]] task<outcome> read_header();
  /// The body, of at most `limit` bytes. Room for what is announced is taken before it is read, so that senders do not starve each other;
  /// for chunks as they come.
  [[nodiscard]] task<outcome> read_body(std::size_t limit, held_bytes& held);
  /// The length that the header announces; empty for chunks.
  [[nodiscard]] std::optional<std::uint64_t> announced() { return parser_.content_length() ? std::optional<std::uint64_t>(*parser_.content_length()) : std::nullopt; }

  [[nodiscard]] const boost::beast::http::request_header<>& header() const { return parser_.get().base(); }
  [[nodiscard]] unsigned version() const { return parser_.get().version(); }
  [[nodiscard]] bool keep_alive() const { return parser_.get().keep_alive(); }
  [[nodiscard]] bool is_done() const { return parser_.is_done(); }
  [[nodiscard]] std::string take_body() { return std::move(parser_.get().body()); }
  /// Of a refused request.
  [[nodiscard]] const problem& fault() const { return *fault_; }

private:
  using parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  enum class input : std::uint8_t { more, end, gone };
  [[nodiscard]] task<input> receive();
  [[nodiscard]] outcome broken_off(input what);
  [[nodiscard]] outcome refuse(unsigned status, std::string why);
  [[nodiscard]] outcome refuse(const boost::system::error_code& error);
  [[nodiscard]] outcome check_framing();
  [[nodiscard]] bool too_much_framing();
  void note_chunk(std::uint64_t size);

  client_socket& socket_;
  boost::beast::flat_buffer& buffer_;
  parser parser_;
  std::optional<problem> fault_;
  bool folds_ = false;         // a header field goes on in the next line
  std::uint64_t read_ = 0;     // bytes that the parser took
  std::uint64_t chunking_ = 0; // of these, the least that its chunks need
};

}  // namespace plo::http
