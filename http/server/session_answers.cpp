// How a connection sends what a request is answered with: whole or in pieces, packed or as it is.
#include <array>
#include <vector>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/status.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "http/server/session.hpp"

namespace plo::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

namespace {

constexpr std::size_t most_packed_here = 64 * 1024;  // what is more is packed on another thread

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

/// The status line and the header of an answer, up to the fields that say how its body ends.
std::string head_of(unsigned status, unsigned version, std::string_view content_type, std::string_view standing,
                    const std::vector<std::pair<std::string, std::string>>& fields) {
  const auto reason = bhttp::obsolete_reason(static_cast<bhttp::status>(status));
  auto head = fmt::format("HTTP/1.{} {} {}\r\nServer: plo\r\nContent-Type: {}\r\nCache-Control: no-store\r\n{}", version >= 11 ? 1 : 0, status,
                          view(reason), content_type, standing);
  for (const auto& [name, value] : fields) fmt::format_to(std::back_inserter(head), "{}: {}\r\n", name, value);
  return head;
}

std::string_view connection_field(unsigned version, bool keep_alive) {
  if (!keep_alive) return "Connection: close\r\n";
  return version >= 11 ? "" : "Connection: keep-alive\r\n";
}

}  // namespace

/// True when the connection goes on.
task<bool> session::deliver(answer& reply, const route& to, const manner& how) {
  if (const auto* going_on = std::get_if<streamed>(&reply)) {
    service_.answers.add(to.pattern, 200);
    co_return co_await stream(*going_on, how);
  }
  auto& plain = std::get<response>(reply);
  service_.answers.add(to.pattern, plain.status);
  if (is_worth_packing(plain.content_type, plain.body.size())) {
    if (how.gzip) co_await pack(plain);
    plain.headers.emplace_back("Vary", "Accept-Encoding");
  }
  co_return co_await send(plain, how);
}

task<void> session::pack(response& reply) {
  auto work = [&reply] {
    const std::array<std::string_view, 1> whole{reply.body};
    return gzip_stream().add(whole, true);
  };
  std::optional<std::string> packed;
  if (reply.body.size() <= most_packed_here) packed = work();
  else packed = co_await on_pool(service_.folds, work);
  if (!packed) co_return;  // it goes as it is
  reply.body = std::move(*packed);
  reply.headers.emplace_back("Content-Encoding", "gzip");
}

task<bool> session::send(const response& reply, const manner& how) {
  auto head = head_of(reply.status, how.version, reply.content_type, service_.standing_fields, reply.headers);
  fmt::format_to(std::back_inserter(head), "Content-Length: {}\r\n{}\r\n", reply.body.size(), connection_field(how.version, how.keep_alive));
  held_bytes unread(service_.budget);
  unread.add(reply.body.size());
  std::array<asio::const_buffer, 2> all{asio::buffer(head), how.head_only ? asio::const_buffer() : asio::buffer(reply.body)};
  beast::error_code error;
  allow(time_for_answer);
  co_await asio::async_write(socket_, all, asio::redirect_error(use_task, error));
  co_return !error && how.keep_alive;
}

/// An answer in pieces: chunks, or for HTTP/1.0 all until the end of the connection. What breaks off has no end, so that nobody takes it
/// for the whole.
task<bool> session::stream(const streamed& reply, const manner& how) {
  chunks_ = how.version >= 11;
  const bool keep_alive = how.keep_alive && chunks_ && !reply.endless;
  packing_ = how.gzip && !reply.endless ? std::make_unique<gzip_stream>() : nullptr;
  auto head = head_of(200, how.version, reply.content_type, service_.standing_fields, reply.headers);
  head += reply.endless ? "X-Accel-Buffering: no\r\n" : "Vary: Accept-Encoding\r\n";
  if (packing_) head += "Content-Encoding: gzip\r\n";
  if (chunks_) head += "Transfer-Encoding: chunked\r\n";
  head.append(connection_field(how.version, keep_alive)).append("\r\n");
  beast::error_code error;
  allow(time_for_answer);
  co_await asio::async_write(socket_, asio::buffer(head), asio::redirect_error(use_task, error));
  if (error || how.head_only) co_return !error && keep_alive;
  bool whole = false;
  try {
    whole = co_await reply.serve(*this);
  } catch (const std::exception& failure) {
    spdlog::error("a streamed answer broke off: {}", failure.what());
  }
  if (!whole) co_return false;
  std::string packed;
  if (packing_) packed = packing_->add({}, true);
  packing_.reset();
  const std::array<std::string_view, 1> rest{packed};
  const bool alive = co_await write_chunk(rest);
  if (!alive) co_return false;
  if (chunks_) {
    static constexpr std::string_view last_chunk = "0\r\n\r\n";
    allow(time_for_answer);
    co_await asio::async_write(socket_, asio::buffer(last_chunk), asio::redirect_error(use_task, error));
  }
  co_return !error && keep_alive;
}

task<bool> session::write(std::string_view text) {
  const std::array<std::string_view, 1> only{text};
  co_return co_await write(std::span<const std::string_view>(only));
}

task<bool> session::write(std::span<const std::string_view> pieces) {
  if (!packing_) co_return co_await write_chunk(pieces);
  const auto packed = packing_->add(pieces, false);
  const std::array<std::string_view, 1> only{packed};
  co_return co_await write_chunk(only);
}

task<bool> session::write_chunk(std::span<const std::string_view> pieces) {
  std::size_t size = 0;
  for (const auto piece : pieces) size += piece.size();
  if (size == 0) co_return true;  // an empty chunk would be the last
  const auto chunk_head = chunks_ ? fmt::format("{:x}\r\n", size) : std::string();
  std::vector<asio::const_buffer> all;
  all.reserve(pieces.size() + 2);
  all.push_back(asio::buffer(chunk_head));
  for (const auto piece : pieces) all.push_back(asio::buffer(piece));
  if (chunks_) all.push_back(asio::buffer("\r\n", 2));
  held_bytes unread(service_.budget);
  unread.add(size);
  beast::error_code error;
  allow(time_for_answer);
  co_await asio::async_write(socket_, all, asio::redirect_error(use_task, error));
  allow_any_time();
  co_return !error;
}

}  // namespace plo::http
