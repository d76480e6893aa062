#include "actors/outbox/outbox.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "actors/core/lifeline.hpp"
#include "base/printable.hpp"
#include "projections/outbox/notifications.hpp"

namespace plo::actors {

namespace {

constexpr std::size_t reports_per_append = 2'000;
constexpr milliseconds pause_after_refusal{1'000};  // of the store

std::string joined(const std::vector<refused_address>& refused) {
  std::string text;
  for (const auto& [address, words] : refused)
    text += fmt::format("{}{}{}{}", text.empty() ? "" : "; ", address, address.empty() ? "" : ": ", words);
  return text;
}

}  // namespace

class outbox_work {
public:
  outbox_work(caf::event_based_actor* self, outbox_environment environment)
      : self_(self), environment_(std::move(environment)), started_at_(environment_.now()) {}

  void open(caf::actor committer) {
    committer_ = std::move(committer);
    look();
  }

  void projected(const std::vector<recorded_event>& events) {
    bool news = false;
    for (const auto& e : events) {
      if (e.type == notification_type::requested) news = true;
      if (e.type != notification_type::retry_requested) continue;
      news = true;
      if (const auto id = notification_of(e)) retrying_.erase(*id);
    }
    if (news) look();
  }

  /// Takes from the views what may go now, and sets the alarm for what may go later.
  void look() {
    if (!committer_) return;
    if (!stopping_) take();
    count();
    write();
    // History: the next reports are made while these are written.
    if (!stopping_ && environment_.settings->mode == outbox_mode::log_only) take();
    settle();
  }

  void tick() {
    alarm_.reset();
    look();
  }

  void answered(delivery_result& result) {
    auto& lane = lanes_.at(result.lane);
    auto& item = result.item;
    if (!result.tried) {
      lane.queue.given_back(std::move(item));
    } else {
      const auto now = environment_.now();
      auto& outcome = result.outcome;
      ++item.attempts;
      ++environment_.metrics->attempts;
      if (outcome.try_again) ++environment_.metrics->failed_attempts;
      lane.queue.answered(now, outcome.way_was_free, environment_.random(), outcome.error);
      item.reached.insert(item.reached.end(), outcome.reached.begin(), outcome.reached.end());
      item.refused.insert(item.refused.end(), outcome.refused.begin(), outcome.refused.end());
      item.error = outcome.try_again ? outcome.error : std::string();
      if (outcome.try_again)
        try_later(result.lane, lane, std::move(item), now);
      else
        report(item);
    }
    look();
  }

  void retry(retry_notification& asked) {
    const auto row = projections::find_notification(*environment_.views(), asked.id);
    if (!row) return asked.done({command_reply::outcome::unknown, {}, {}});
    if (row->status != notification_status::failed || retrying_.contains(asked.id))
      return asked.done({command_reply::outcome::refused, {},
                         row->status == notification_status::sent ? "it has been sent" : "it is waiting to be sent already"});
    const auto requested = environment_.log->at(row->requested);
    const auto request = requested ? read_notification_request(*requested) : std::nullopt;
    if (!committer_ || stopping_ || !request) return asked.done({});
    retrying_.insert(asked.id);
    queue_.push_back({retry_event(*request, requested->id, asked.by, environment_.wall_now()), asked.id, asked.done});
    write();
  }

  void written(const append_done& answer) {
    auto entries = std::exchange(writing_, {});
    if (answer.stored) {
      for (std::size_t i = 0; i < entries.size(); ++i)
        if (entries[i].done) entries[i].done({command_reply::outcome::done, {answer.first.value + i}, {}});
      return look();
    }
    if (answer.refused == eventstore::append_error::unreadable) {
      // No report is, as long as they are written by json_writer: one that was would be refused for ever, and hold up all others.
      for (auto& each : entries) {
        spdlog::error("what became of notification {} is not in the log: it could not be read back", each.id.to_string());
        retrying_.erase(each.id);
        if (each.done) each.done({command_reply::outcome::invalid, {}, "it could not be read back"});
      }
      return look();
    }
    // What was sent must not be sent again: reports stay until the store takes them.
    std::deque<entry> again;
    for (auto& each : entries) {
      if (!each.done) again.push_back(std::move(each));
      else retrying_.erase(each.id);  // unpaid, its completion says that the store does not take it
    }
    queue_.insert(queue_.begin(), std::make_move_iterator(again.begin()), std::make_move_iterator(again.end()));
    refused_until_ = environment_.now() + pause_after_refusal;
    set_alarm(refused_until_, environment_.now());
    settle();
  }

  void drain(const drain_outbox& asked) {
    stopping_ = stopping_ || asked.stop;
    drains_.push_back(asked);
    look();
    settle();
  }

private:
  struct lane_state {
    outbox_lane queue;
    caf::actor sender;
  };

  /// An event on its way to the log.
  struct entry {
    event e;
    notification_id id;
    command_completion done;  // of a retry
  };

  void take() {
    const auto views = environment_.views();
    const auto now = environment_.now();
    std::optional<milliseconds> next;
    for (const auto& name : projections::notification_lanes(*views)) {
      auto& lane = lanes_.try_emplace(name, lane_state{outbox_lane(environment_.settings->retries, pace_of(name)), {}}).first->second;
      if (environment_.settings->mode == outbox_mode::log_only) {
        mark_all(name, lane, *views);
        continue;
      }
      give_up_hopeless(name, lane, *views, now);
      fill(name, lane, *views, now);
      if (const auto at = lane.queue.next_look(now)) next = next ? std::min(*next, *at) : *at;
    }
    if (next) set_alarm(*next, now);
  }

  /// Tickets go to a machine; mails go to people and through servers that shut out who sends too many. What goes to the log alone needs no pace.
  [[nodiscard]] std::uint32_t pace_of(std::string_view lane) const {
    const auto& mail = environment_.settings->mail;
    return lane == "email" && !mail.url.empty() ? mail.per_minute : 0;
  }

  outbox_item item_of(const projections::notification_row& row, milliseconds now) const {
    outbox_item item;
    item.id = row.id;
    item.requested = row.requested;
    // Patience begins with the request, and anew with the process.
    const auto age = std::clamp(environment_.wall_now() - row.pending_at, milliseconds(0), now - started_at_);
    item.since = now - age;
    return item;
  }

  void fill(const std::string& name, lane_state& lane, const projections::row_reader& views, milliseconds now) {
    for (;;) {
      for (const auto& row : projections::waiting_in(views, name, lane.queue.taken, lane.queue.room_for_new(now))) {
        lane.queue.taken = row.waiting_since;
        lane.queue.add(item_of(row, now));
      }
      auto item = lane.queue.next(now);
      if (!item) return;
      if (!lane.sender) lane.sender = environment_.make_sender(name);
      self_->send(lane.sender, delivery_job{name, lane.queue.round(), std::move(*item)});
    }
  }

  /// Nobody is told: history is being loaded.
  void mark_all(const std::string& name, lane_state& lane, const projections::row_reader& views) {
    if (queue_.size() >= reports_per_append) return;
    const auto rows = projections::waiting_in(views, name, lane.queue.taken, reports_per_append - queue_.size());
    for (const auto& row : rows) {
      lane.queue.taken = row.waiting_since;
      outbox_item item;
      item.id = row.id;
      item.requested = row.requested;
      item.reached.emplace_back(sent_to_log);
      report(item);
    }
    marked_ += rows.size();
  }

  /// While the way stays closed, what has waited too long is given up, tried or not.
  void give_up_hopeless(const std::string& name, lane_state& lane, const projections::row_reader& views, milliseconds now) {
    if (!lane.queue.is_hopeless(now)) return;
    for (const auto& row : projections::waiting_in(views, name, lane.queue.taken, reports_per_append)) {
      auto item = item_of(row, now);
      if (now - item.since < environment_.settings->retries.give_up_after) break;
      lane.queue.taken = row.waiting_since;
      lane.queue.add(std::move(item));
    }
    for (const auto& item : lane.queue.take_hopeless(now)) report(item);
  }

  void try_later(const std::string& name, lane_state& lane, outbox_item item, milliseconds now) {
    spdlog::warn("notification {} ({}) was not delivered at attempt {}: {}", item.id.to_string(), printable(name), item.attempts, printable(item.error));
    if (const auto over = lane.queue.try_later(std::move(item), now, environment_.random())) report(*over);
  }

  /// This one is over.
  void report(const outbox_item& item) {
    delivery_report said;
    said.delivered = !item.reached.empty();
    said.sent_to = fmt::format("{}", fmt::join(item.reached, ", "));
    said.error = joined(item.refused);
    if (!item.error.empty()) said.error += (said.error.empty() ? "" : "; ") + item.error;
    said.attempts = item.attempts;
    const auto requested = environment_.log->at(item.requested);
    const auto request = requested ? read_notification_request(*requested) : std::nullopt;
    if (!request) return spdlog::error("the request of notification {} is not in the log", item.id.to_string());
    if (!said.delivered) spdlog::error("notification {} has failed for good: {}", item.id.to_string(), printable(said.error));
    queue_.push_back({report_event(*request, requested->id, said, environment_.wall_now()), item.id, {}});
  }

  void write() {
    if (!writing_.empty() || queue_.empty() || environment_.now() < refused_until_) return;
    auto request = std::make_shared<eventstore::append_request>();
    auto& append = request->appends.emplace_back(eventstore::stream_append{stream_id::outbox(), {}, {}});
    while (!queue_.empty() && writing_.size() < reports_per_append) {
      append.events.push_back(queue_.front().e);
      writing_.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    append_job job;
    job.request = std::move(request);
    job.sender = caf::actor_cast<caf::actor>(self_);
    self_->send(committer_, std::move(job));
  }

  void set_alarm(milliseconds at, milliseconds now) {
    if (alarm_ && *alarm_ <= at) return;
    alarm_ = at;
    self_->delayed_send(self_, std::max(at - now, milliseconds(1)), outbox_tick{});
  }

  void count() {
    std::size_t sending = 0, waiting = 0;
    for (const auto& [name, lane] : lanes_) {
      sending += lane.queue.sending();
      waiting += lane.queue.waiting();
    }
    environment_.metrics->sending = sending;
    environment_.metrics->waiting = waiting;
  }

  /// Answers those who wait for the end.
  void settle() {
    if (drains_.empty() || !queue_.empty() || !writing_.empty()) return;
    if (std::any_of(lanes_.begin(), lanes_.end(), [](const auto& lane) { return lane.second.queue.sending() > 0; })) return;
    if (marked_ > 0) spdlog::info("{} notifications of the history count as sent, to this log alone", std::exchange(marked_, 0));
    for (const auto& each : std::exchange(drains_, {})) each.then(true);
  }

  caf::event_based_actor* self_;
  outbox_environment environment_;
  milliseconds started_at_;
  caf::actor committer_;
  bool stopping_ = false;
  std::map<std::string, lane_state> lanes_;
  std::deque<entry> queue_;
  std::vector<entry> writing_;
  std::unordered_set<notification_id> retrying_;  // asked for, and not yet in the views
  milliseconds refused_until_{};
  std::optional<milliseconds> alarm_;
  std::vector<drain_outbox> drains_;
  std::uint64_t marked_ = 0;
};

caf::behavior outbox(caf::stateful_actor<outbox_state>* self, outbox_environment environment) {
  die_of_exceptions(self);
  auto make_sender = std::move(environment.make_sender);
  // A sender ends with the outbox.
  environment.make_sender = [self, make_sender](const std::string& lane) {
    auto sender = make_sender(lane);
    self->link_to(sender);
    return sender;
  };
  const auto work = std::make_shared<outbox_work>(self, std::move(environment));
  self->state.work = work;
  return {
      [=](open_outbox& open) { work->open(std::move(open.committer)); },
      [=](const events_projected& projected) { work->projected(*projected.events); },
      [=](delivery_result& result) { work->answered(result); },
      [=](retry_notification& asked) { work->retry(asked); },
      [=](const append_done& answer) { work->written(answer); },
      [=](const drain_outbox& asked) { work->drain(asked); },
      [=](outbox_tick) { work->tick(); },
  };
}

}  // namespace plo::actors
