#include "actors/outbox/webhook_publisher.hpp"

#include <algorithm>
#include <condition_variable>
#include <future>
#include <memory>
#include <random>
#include <thread>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "actors/outbox/delivery_queue.hpp"
#include "actors/outbox/signed_post.hpp"
#include "base/json.hpp"
#include "base/printable.hpp"

namespace plo::actors {

namespace {

using steady = std::chrono::steady_clock;

constexpr std::size_t events_per_look = 500;
constexpr std::chrono::seconds between_notes{5};   // of how far a webhook has got
constexpr std::chrono::seconds longest_sleep{1};
constexpr std::chrono::seconds longest_last_note{1};
constexpr std::uint64_t notes_looked_at = 64;      // at a time, from the newest back
constexpr std::string_view delivered_type = "webhook.delivered";

milliseconds steady_now() { return std::chrono::floor<milliseconds>(steady::now().time_since_epoch()); }

/// Up to where a webhook had been told when that was last noted; empty: it is new.
std::optional<position> noted_position(const eventstore::log& log, std::string_view name) {
  std::optional<position> noted;
  for (auto until = log.version_of(stream_id::webhooks()).value; until > 0 && !noted;) {
    const auto from = until > notes_looked_at ? until - notes_looked_at + 1 : 1;
    log.read_stream(stream_id::webhooks(), {from}, [&](const recorded_event& e) {
      if (e.version.value > until) return false;
      const auto data = json_document::parse(e.data);
      if (data && json::get_string(data->root(), "name") == name)
        if (const auto upto = json::get_number(data->root(), "position")) noted = position{static_cast<std::uint64_t>(*upto)};
      return true;
    });
    until = from - 1;
  }
  return noted;
}

event note_of(std::string_view name, position upto) {
  event e;
  e.type = delivered_type;
  e.kind = event_kind::derived;
  json_writer json;
  json.begin_object().field("name", name).field("position", upto).end_object();
  e.data = json.str();
  return e;
}

}  // namespace

bool is_stream_event(std::string_view name) {
  static constexpr std::string_view projects[] = {"project.opened", "project.updated", "project.closed"};
  return std::find(std::begin(projects), std::end(projects), name) != std::end(projects) || announces_itself(name);
}

class webhook_publisher::lane {
public:
  lane(webhook_environment environment, webhook_subscription who, patience retries)
      : environment_(std::move(environment)), who_(std::move(who)), retries_(retries), queue_(retries), transfer_(stopping_) {
    counts_.name = who_.name;
    const auto known = noted_position(*environment_.log, who_.name);
    // A new webhook hears what happens from now on; that it is there is noted, so that a restart misses nothing.
    place_ = known.value_or(environment_.log->head().last);
    noted_ = known.value_or(position{});
    counts_.position = place_.value;
    subscription_ = environment_.stream->subscribe({}, [this] { wake(); });
    thread_ = std::thread([this] { run(); });
  }

  ~lane() {
    stopping_ = true;
    wake();
    thread_.join();
    environment_.stream->unsubscribe(subscription_);
  }

  [[nodiscard]] const webhook_counts& counts() const { return counts_; }

private:
  void wake() {
    const std::lock_guard lock(guard_);
    woken_ = true;
    changed_.notify_one();
  }

  void run() {
    while (!stopping_) {
      try {
        take_in();
        note(false);
        if (send_one()) continue;
      } catch (const eventstore::store_error& failure) {
        tell_failure("the log cannot be read", failure.what());
      } catch (const std::exception& failure) {
        // Of memory that is short, for one: it is tried again like everything else.
        tell_failure("it cannot go on", failure.what());
      } catch (...) {
        tell_failure("it cannot go on", "an exception of an unknown kind");
      }
      sleep();
    }
    try {
      note(true);
    } catch (const std::exception& failure) {
      tell_failure("how far it has got is not noted", failure.what());
    }
  }

  /// What lasts is told now and then.
  void tell_failure(std::string_view what, std::string_view why) {
    if (steady::now() - failure_told_at_ < between_notes) return;
    failure_told_at_ = steady::now();
    spdlog::error("webhook {}: {}: {}", who_.name, what, printable(why));
  }

  /// Reads on in the log, while there is room.
  void take_in() {
    while (!queue_.full() && place_ < environment_.applied->applied()) {
      for (const auto& message : read_messages(*environment_.log, place_, environment_.applied->applied(), events_per_look, environment_.stores)) {
        const auto told = parts_of(*message);
        if (std::find(who_.events.begin(), who_.events.end(), told.name) == who_.events.end()) continue;
        std::string body(told.data.substr(0, told.data.size() - 1));
        body += fmt::format(R"(,"event":"{}"}})", told.name);
        queue_.offer({message->pos, std::string(told.name), message->project, std::move(body)});
      }
      if (stopping_) return;
    }
    counts_.waiting = queue_.held();
    counts_.position = queue_.settled_upto(place_).value;
  }

  /// False when there is nothing to send now.
  bool send_one() {
    const auto* message = lane_due_ > steady_now() ? nullptr : queue_.next(steady_now());
    if (message == nullptr) return false;
    const auto posted = signed_post(transfer_, who_.route, fmt::format("{}-{}", who_.name, message->pos.value),
                                    {"X-PLO-Event: " + message->event_name}, message->body);
    if (posted.code == CURLE_ABORTED_BY_CALLBACK) return false;
    if (posted.status >= 200 && posted.status < 300) {
      queue_.delivered();
      told_since_note_ = true;
      ++counts_.delivered;
      outages_ = 0;
      return true;
    }
    ++counts_.failed_attempts;
    if (is_about_the_message(posted.status)) {
      const auto pos = message->pos;
      outages_ = 0;
      if (queue_.refused(steady_now(), random())) return true;
      told_since_note_ = true;
      ++counts_.given_up;
      spdlog::error("webhook {}: position {} is given up: {}", who_.name, pos.value, printable(failure_of(transfer_, posted)));
      return true;
    }
    if (outages_++ == 0) spdlog::warn("webhook {}: {}; it is tried again", who_.name, printable(failure_of(transfer_, posted)));
    const auto pause = std::min<milliseconds>(retries_.base * (std::int64_t{1} << std::min(outages_ - 1, 20)), retries_.cap);
    lane_due_ = steady_now() + std::chrono::duration_cast<milliseconds>(pause * (0.5 + random() / 2));
    return true;
  }

  /// Keeps in the log how far this has got, now and then.
  void note(bool last) {
    const auto settled = queue_.settled_upto(place_);
    const bool due = noted_.value == 0 || last || steady::now() - noted_at_ >= between_notes;
    if (!due || !is_worth_noting(noted_, settled, told_since_note_)) return;
    const auto stored = std::make_shared<std::promise<void>>();
    environment_.record(stream_id::webhooks(), note_of(who_.name, settled), [stored] { stored->set_value(); });
    // Behind the last one the committer goes, and takes with it what it has not stored.
    if (last) stored->get_future().wait_for(longest_last_note);
    noted_ = settled;
    told_since_note_ = false;
    noted_at_ = steady::now();
  }

  void sleep() {
    std::unique_lock lock(guard_);
    auto until = steady_now() + longest_sleep;
    if (const auto due = queue_.due()) until = std::min<milliseconds>(until, std::max(*due, steady_now() + milliseconds(10)));
    if (lane_due_ > steady_now()) {
      // New messages do not make a receiver that is down answer.
      until = std::min<milliseconds>(lane_due_, steady_now() + longest_sleep);
      woken_ = false;
    }
    changed_.wait_for(lock, until - steady_now(), [this] { return woken_ || stopping_; });
    woken_ = false;
  }

  double random() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  webhook_environment environment_;
  webhook_subscription who_;
  patience retries_;
  delivery_queue queue_;
  std::atomic<bool> stopping_{false};
  curl_transfer transfer_;
  webhook_counts counts_;
  position place_;  // read up to here
  position noted_;
  bool told_since_note_ = false;
  steady::time_point noted_at_{}, failure_told_at_{};
  milliseconds lane_due_{};
  int outages_ = 0;
  std::mt19937 random_{std::random_device{}()};
  std::mutex guard_;
  std::condition_variable changed_;
  bool woken_ = false;
  std::uint64_t subscription_ = 0;
  std::thread thread_;
};

webhook_publisher::webhook_publisher(const webhook_environment& environment, std::vector<webhook_subscription> subscriptions, patience retries) {
  for (auto& who : subscriptions) lanes_.push_back(std::make_unique<lane>(environment, std::move(who), retries));
}

webhook_publisher::~webhook_publisher() = default;

std::vector<const webhook_counts*> webhook_publisher::counts() const {
  std::vector<const webhook_counts*> all;
  for (const auto& each : lanes_) all.push_back(&each->counts());
  return all;
}

}  // namespace plo::actors
