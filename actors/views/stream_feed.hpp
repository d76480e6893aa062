// The latest messages of the live stream, for any number of readers that each keep their own place.
//
// A reader pulls: it asks for what comes after its place and is woken when there is more of what it wants to know. A slow reader therefore
// costs nothing, and one that waits for something else neither; one that falls behind the kept messages goes on from the log.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <unordered_map>

#include "actors/views/stream_messages.hpp"

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
  using reader_id = std::uint64_t;
  /// What comes after `place` for a reader, at most `most` messages.
  [[nodiscard]] portion read(reader_id reader, position place, std::size_t most);

  [[nodiscard]] position published() const;

  /// `wake` is called (on the publisher's thread; it must only post) after each publication that has something for this filter.
  reader_id subscribe(const stream_filter& filter, std::function<void()> wake);
  void unsubscribe(reader_id reader);
  [[nodiscard]] std::size_t subscribers() const;

  /// Keeps nothing of what came up to here: it is in the log.
  void start_at(position pos);

private:
  struct subscriber {
    std::function<void()> wake;
    bool pending = true;  // there may be something for it that it has not read
    position seen;        // otherwise: it has read everything up to here
  };
  /// All who want the same: whether a message is for them is asked once. Those of one project are found by it.
  struct group {
    stream_filter filter;
    std::unordered_map<reader_id, subscriber> members;
  };
  using groups = std::map<stream_filter, group>;

  [[nodiscard]] groups& groups_of(const stream_filter& filter);
  static void wake_all(group& g);
  void wake_for(groups& some, const stream_messages& messages);

  mutable std::mutex guard_;
  std::size_t capacity_;
  std::deque<std::shared_ptr<const stream_message>> kept_;
  position floor_;      // every message after this position is kept
  position published_;
  reader_id last_id_ = 0;
  groups general_;                                  // of readers that follow no single project
  std::unordered_map<project_id, groups> projects_; // of those that do
  std::unordered_map<reader_id, group*> readers_;
};

}  // namespace plo::actors
