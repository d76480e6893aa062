// An HTTP answer that goes on, piece by piece: server-sent events, exports.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "http/server/task.hpp"
#include "http/server/work_pool.hpp"

namespace plo::http {

/// All calls come from the connection's thread.
class event_sink {
public:
  virtual ~event_sink() = default;
  /// Sends a piece, which must live until then; false when the client is gone or does not read for too long.
  virtual task<bool> write(std::string_view text) = 0;
  virtual task<bool> write(std::span<const std::string_view> pieces) = 0;
  /// Returns after `at_most`, or earlier when somebody called `wake`.
  virtual task<void> wait(std::chrono::milliseconds at_most) = 0;
  /// Ends the wait, from any thread.
  [[nodiscard]] virtual std::function<void()> waker() = 0;
  /// True when the server is shutting down.
  [[nodiscard]] virtual bool stopping() const = 0;
};

/// Sends what `from->next()` makes on the pool, piece by piece, until it makes an empty one, the client is gone or the server stops. True
/// when all was sent.
template <class Pieces>
task<bool> send_pieces(event_sink& sink, work_pool& pool, std::shared_ptr<Pieces> from) {
  auto next = [&from] { return from->next(); };
  while (!sink.stopping()) {
    const auto text = co_await on_pool(pool, next);
    if (!text) {
      co_await sink.wait(std::chrono::milliseconds(100));  // everybody reads at this moment
      continue;
    }
    if (text->empty()) co_return true;
    const bool alive = co_await sink.write(std::string_view(*text));
    if (!alive) co_return false;
  }
  co_return false;
}

}  // namespace plo::http
