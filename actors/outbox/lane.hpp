// What is under way in one lane of the outbox: which notification goes next, and how long a failure makes whom wait. Pure: time and
// chance are arguments.
//
// Two kinds of failure wait apart. One that concerns a notification alone (a mailbox that is full) makes that one wait. One that
// concerns the way there (nobody answers) makes the lane wait, and then a single notification tries it, one that has not been tried
// before if there is any: so neither a dead server is run into by thousands, nor can one notification that a server chokes on hold up
// the others.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/outbox/settings.hpp"
#include "domain/event/ids.hpp"

namespace plo::actors {

/// An address that will not take it, and what its server said.
struct refused_address {
  std::string address;
  std::string words;
};

/// One notification on its way.
struct outbox_item {
  notification_id id;
  position requested;    // its request's event
  milliseconds since{};  // when patience with it began
  std::uint32_t attempts = 0;
  std::vector<std::string> reached;  // addresses that have it: they are not sent to again
  std::vector<refused_address> refused;
  std::string error;                 // of the last attempt, or of the refusals
};

class outbox_lane {
public:
  /// As many are with the sender at most, and as many wait for another try.
  static constexpr std::size_t max_sending = 64;
  static constexpr std::size_t max_waiting = 10'000;

  /// `per_minute`: no more than that many are tried in a minute, however many there are; 0: as fast as they go.
  explicit outbox_lane(const patience& limits, std::uint32_t per_minute = 0) : limits_(limits), per_minute_(per_minute), permits_(per_minute) {}

  /// How many new ones to take from the views now.
  [[nodiscard]] std::size_t room_for_new(milliseconds now) const;
  /// The place in the views behind which nothing has been taken yet.
  position taken;
  void add(outbox_item item) { untried_.push_back(std::move(item)); }

  /// The next one for the sender; it counts as sending until it is answered or given back.
  [[nodiscard]] std::optional<outbox_item> next(milliseconds now);
  /// Changes with each failure of the way: what was sent out in an earlier round is given back by the sender untried.
  [[nodiscard]] std::uint64_t round() const { return round_; }

  /// The sender has tried one.
  void answered(milliseconds now, bool way_was_free, double random, const std::string& error);
  /// The sender has not tried it.
  void given_back(outbox_item item);
  /// Lets it wait for another try. Gives it back when its time is up.
  [[nodiscard]] std::optional<outbox_item> try_later(outbox_item item, milliseconds now, double random);

  /// The way has not been free for give_up_after.
  [[nodiscard]] bool is_hopeless(milliseconds now) const;
  /// Then: those that have waited as long, tried or not.
  [[nodiscard]] std::vector<outbox_item> take_hopeless(milliseconds now);

  /// When to look again by itself; empty: when something happens.
  [[nodiscard]] std::optional<milliseconds> next_look(milliseconds now) const;

  [[nodiscard]] bool is_failing() const { return failures_ > 0; }
  [[nodiscard]] std::size_t sending() const { return sending_; }
  [[nodiscard]] std::size_t waiting() const { return later_.size(); }

private:
  [[nodiscard]] std::size_t room(milliseconds now) const;
  [[nodiscard]] double permits(milliseconds now) const;
  [[nodiscard]] milliseconds delay(std::uint32_t failures, double random) const;

  patience limits_;
  std::uint32_t per_minute_;
  double permits_;                                  // as of counted_at_; a minute's worth at the most
  milliseconds counted_at_{};
  std::size_t sending_ = 0;
  std::deque<outbox_item> untried_;                 // taken from the views
  std::multimap<milliseconds, outbox_item> later_;  // by when they are due
  std::uint32_t failures_ = 0;                      // of the way, in a row
  std::uint64_t round_ = 0;
  milliseconds paused_until_{};
  milliseconds failing_since_{};
  std::string last_error_;
};

}  // namespace plo::actors
