// The order in which one webhook's messages leave: by log order, and strictly so for each project, even when some have to be sent again.
// Free of actors and I/O.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "actors/outbox/settings.hpp"
#include "domain/event/event.hpp"

namespace plo::actors {

struct delivery {
  position pos;
  std::string event_name;
  std::optional<project_id> project;  // those without one share an order of their own
  std::string body;
};

class delivery_queue {
public:
  static constexpr std::size_t most_held = 2000;

  explicit delivery_queue(patience retries) : retries_(retries) {}

  /// Messages come in log order.
  void offer(delivery message);
  /// No more is taken in until something leaves.
  [[nodiscard]] bool full() const { return held_ >= most_held; }
  [[nodiscard]] bool empty() const { return held_ == 0; }
  [[nodiscard]] std::size_t held() const { return held_; }

  /// What may be sent now; null when everything waits. Stays the same until it is said what became of it.
  [[nodiscard]] const delivery* next(milliseconds now);
  /// When the next one that waits is due.
  [[nodiscard]] std::optional<milliseconds> due() const;

  void delivered();
  /// The receiver does not want this one: its project waits, the others go on. False when patience with it has ended and it is given up.
  [[nodiscard]] bool refused(milliseconds now, double random);

  /// Everything up to here has left, if everything up to `read` was offered.
  [[nodiscard]] position settled_upto(position read) const;

private:
  struct waiting_project {
    std::deque<delivery> messages;
    milliseconds first_tried{}, due{};
    int tries = 0;
  };
  using key = std::optional<project_id>;
  void take_out();

  patience retries_;
  std::deque<delivery> fresh_;
  std::map<key, waiting_project> waiting_;
  std::optional<key> chosen_;  // whose first message is being sent, of those that wait; none: the first fresh one
  bool sending_ = false;
  std::size_t held_ = 0;
};

/// Whether it is worth an event that a webhook has got to `settled`, when `noted` is what the log has. What was told must not be told
/// again after a restart; what was merely read costs reading once more, and notes that follow notes would never end.
[[nodiscard]] bool is_worth_noting(position noted, position settled, bool told_since);

}  // namespace plo::actors
