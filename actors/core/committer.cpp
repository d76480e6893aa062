#include "actors/core/committer.hpp"

#include <spdlog/spdlog.h>

#include "actors/core/lifeline.hpp"

namespace plo::actors {

namespace {

/// A group larger than this is written in parts, so that one fsync never holds an unbounded batch.
constexpr std::size_t max_group = 2048;

/// A store that refuses says so once (write_watch.hpp); what that costs is told now and then, however many senders try again.
constexpr std::chrono::seconds between_refusals{10};

void tell_refusal(committer_state& state, std::size_t requests, const eventstore::store_error& failure) {
  state.untold_refusals += requests;
  const auto now = std::chrono::steady_clock::now();
  if (now - state.refusal_told_at < between_refusals) return;
  spdlog::error("append refused, {} requests were answered 503: {}", std::exchange(state.untold_refusals, 0), failure.what());
  state.refusal_told_at = now;
}

void store(committer_state& state, eventstore::log& log, commit_feed& feed, engine_metrics& metrics,
           const std::function<void()>& on_grown, const std::function<void(const append_job&, append_done)>& tell) {
  std::vector<append_job> jobs;
  jobs.swap(state.waiting);
  if (jobs.size() > max_group) {
    state.waiting.assign(std::make_move_iterator(jobs.begin() + max_group), std::make_move_iterator(jobs.end()));
    jobs.resize(max_group);
  }
  std::vector<eventstore::append_request> group;
  group.reserve(jobs.size());
  for (auto& job : jobs) group.push_back(std::move(*job.request));

  const auto started = std::chrono::steady_clock::now();
  std::vector<eventstore::append_outcome> outcomes;
  try {
    outcomes = log.append(std::move(group));
  } catch (const eventstore::store_error& failure) {
    tell_refusal(state, jobs.size(), failure);
    metrics.append_failures += jobs.size();
    for (const auto& job : jobs) tell(job, {job.number, false, {}});
    return;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  metrics.append_seconds.observe(took.count());
  metrics.group_size.observe(static_cast<double>(jobs.size()));

  auto committed = std::make_shared<std::vector<recorded_event>>();
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    append_done answer{jobs[i].number, outcomes[i].has_value(), {}};
    if (outcomes[i]) {
      if (!outcomes[i]->empty()) answer.first = outcomes[i]->front().pos;
      committed->insert(committed->end(), std::make_move_iterator(outcomes[i]->begin()),
                        std::make_move_iterator(outcomes[i]->end()));
      if (jobs[i].on_stored) jobs[i].on_stored();
    } else {
      answer.refused = outcomes[i].error();
      if (answer.refused == eventstore::append_error::unreadable) {
        spdlog::error("append refused: an event could not be read back");
        ++metrics.append_failures;
      }
    }
    tell(jobs[i], answer);
  }
  if (committed->empty()) return;
  metrics.events_committed += committed->size();
  if (feed.push(std::move(committed))) on_grown();
}

}  // namespace

caf::behavior committer(caf::stateful_actor<committer_state>* self, eventstore::log* log, commit_feed* feed,
                        engine_metrics* metrics, std::function<void()> on_grown) {
  // What is no store_error may have come behind the write: nobody knows then what this process has stored.
  die_of_exceptions(self);
  return {
      [=](append_job& job) {
        self->state.waiting.push_back(std::move(job));
        if (self->state.waiting.size() == 1) self->send(self, flush{});
      },
      [=](flush) {
        store(self->state, *log, *feed, *metrics, on_grown,
              [self](const append_job& job, append_done answer) { self->send(job.sender, answer); });
        if (!self->state.waiting.empty()) self->send(self, flush{});
      },
  };
}

}  // namespace plo::actors
