// Moves the events of what was closed long ago to archive segments.
#pragma once

#include <functional>
#include <optional>

#include "actors/core/messages.hpp"
#include "actors/core/metrics.hpp"
#include "actors/upkeep/settings.hpp"
#include "eventstore/log.hpp"

namespace plo::actors {

struct archiver_environment {
  eventstore::log* log = nullptr;
  engine_metrics* metrics = nullptr;
  retention_options retention;
  /// The next stream, of those to which nothing has happened since an instant, that may go; none: that was the last for now.
  std::function<std::optional<stream_id>(instant untouched_since)> next_closed;
  /// Has `next_closed` begin from the start.
  std::function<void()> look_again;
};

class archiver_state {
public:
  static inline const char* name = "archiver";

  void init(caf::event_based_actor* self, archiver_environment environment);
  void open(const caf::actor& committer);
  void archive();
  void on_appended(const append_done& done);

private:
  struct segment;
  [[nodiscard]] std::uint32_t next_segment() const;
  void collect(segment& into);
  void add_stream(const stream_id& stream, segment& into);
  void verify(const segment& written) const;
  void store(segment& written);

  caf::event_based_actor* self_ = nullptr;
  archiver_environment environment_;
  caf::actor committer_;
};

/// engine → archiver: this is where to store.
struct open_archiver {
  caf::actor committer;
};

/// archiver → itself: look for what can be archived.
struct archive_tick {};

/// A detached actor: it waits for the disk.
caf::behavior archiver(caf::stateful_actor<archiver_state>* self, archiver_environment environment);

}  // namespace plo::actors

PLO_LOCAL_MESSAGE(plo::actors::open_archiver)
PLO_LOCAL_MESSAGE(plo::actors::archive_tick)
