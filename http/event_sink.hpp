// An HTTP answer that goes on, piece by piece: server-sent events, exports.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include "http/task.hpp"

namespace plo::http {

/// All calls come from the connection's thread.
class event_sink {
public:
  virtual ~event_sink() = default;
  /// Sends a piece, which must live until then; false when the client is gone or does not read for too long.
  virtual task<bool> write(std::string_view text) = 0;
  /// Returns after `at_most`, or earlier when somebody called `wake`.
  virtual task<void> wait(std::chrono::milliseconds at_most) = 0;
  /// Ends the wait, from any thread.
  [[nodiscard]] virtual std::function<void()> waker() = 0;
  /// True when the server is shutting down.
  [[nodiscard]] virtual bool stopping() const = 0;
};

/// Sends what `from->next()` makes, piece by piece, until it makes an empty one, the client is gone or the server stops.
template <class Pieces>
task<void> send_pieces(event_sink& sink, std::shared_ptr<Pieces> from) {
  for (auto text = from->next(); !text.empty() && !sink.stopping(); text = from->next()) {
    const bool alive = co_await sink.write(text);
    if (!alive) co_return;
  }
}

}  // namespace plo::http
