// The latest messages of the live stream, for any number of readers that each keep their own place.
//
// A reader pulls: it asks for what comes after its place and is woken when there is more. A slow reader therefore costs nothing; one
// that falls behind the kept messages goes on from the log.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <unordered_map>

#include "actors/stream_messages.hpp"

namespace plo::actors {

class stream_feed {
public:
  explicit stream_feed(std::size_t capacity) : capacity_(capacity) {}

  /// Everything up to `upto` is published with these messages.
  void publish(const stream_messages& messages, position upto);

  struct portion {
    stream_messages messages;
    position upto;         // the reader's new place
    bool behind = false;   // the place is older than what is kept: read the log up to `upto` first
  };
  /// What comes after `place`, at most `most` messages.
  [[nodiscard]] portion read(position place, std::size_t most) const;

  [[nodiscard]] position published() const;

  /// `wake` is called (on the publisher's thread; it must only post) after each publication.
  std::uint64_t subscribe(std::function<void()> wake);
  void unsubscribe(std::uint64_t id);
  [[nodiscard]] std::size_t subscribers() const;

  /// Keeps nothing of what came up to here: it is in the log.
  void start_at(position pos);

private:
  mutable std::mutex guard_;
  std::size_t capacity_;
  std::deque<std::shared_ptr<const stream_message>> kept_;
  position floor_;      // every message after this position is kept
  position published_;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, std::function<void()>> wakes_;
};

}  // namespace plo::actors
