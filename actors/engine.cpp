#include "actors/engine.hpp"

#include <algorithm>
#include <future>
#include <thread>

#include <spdlog/spdlog.h>

#include "actors/commit_feed.hpp"
#include "actors/committer.hpp"
#include "actors/directory.hpp"
#include "actors/projection_runner.hpp"
#include "actors/scheduler.hpp"
#include "actors/stream_hub.hpp"
#include "projections/projects.hpp"

namespace plo::actors {

namespace {

constexpr std::size_t feed_capacity = 50'000;          // events between committer and projections
constexpr std::size_t stream_messages_kept = 10'000;   // a slower subscriber goes on from the log
constexpr std::size_t catch_up_step = 5'000;

/// CAF would read caf-application.ini from the working directory and use at least four threads: everything is said here.
struct quiet_config : caf::actor_system_config {
  explicit quiet_config(unsigned scheduler_threads) {
    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    const unsigned threads = scheduler_threads != 0 ? scheduler_threads : std::max(1u, cores / 2);
    set("scheduler.max-threads", static_cast<std::size_t>(threads));
    set("scheduler.policy", caf::atom("sharing"));
    set("logger.console", caf::atom("none"));
    set("logger.file-verbosity", caf::atom("quiet"));
  }
};

}  // namespace

struct engine::parts {
  parts(engine_options options, std::unique_ptr<eventstore::log> the_log,
        std::unique_ptr<projections::read_models> the_models)
      : log(std::move(the_log)), models(std::move(the_models)), clock(options.clock), feed(feed_capacity),
        stream(stream_messages_kept), config(options.scheduler_threads), system(config) {
    bring_models_up();
    stream.start_at(models->checkpoint());
    gate.advance(models->checkpoint());

    hub = system.spawn(stream_hub, &stream, stores());
    runner = system.spawn<caf::detached>(projection_runner, models.get(), &feed, &gate, hub);
    auto to_runner = runner;
    writer = system.spawn<caf::detached>(committer, log.get(), &feed, &metrics,
                                         std::function<void()>([to_runner] { caf::anon_send(to_runner, log_grown{}); }));
    directory_environment environment;
    environment.log = log.get();
    environment.committer = writer;
    environment.clock = &clock;
    environment.metrics = &metrics;
    environment.finder = {std::move(options.opens_project), options.attach_period};
    environment.domain = options.domain;
    environment.max_live_projects = options.max_live_projects;
    door = system.spawn(directory, std::move(environment));
    alarm_clock = system.spawn(scheduler, &clock, door);
  }

  ~parts() {
    // From the door to the disk, so that nobody sends to an actor that is gone; the destructor of the system waits for all.
    for (const auto& actor : {door, alarm_clock, writer, runner, hub})
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  }

  void bring_models_up() {
    const auto head = log->head().last;
    if (models->checkpoint() == head) return;
    spdlog::info("bringing the read models from position {} to {}", models->checkpoint().value, head.value);
    for (auto events = models->read_next(catch_up_step); !events.empty(); events = models->read_next(catch_up_step))
      models->apply(events);
  }

  [[nodiscard]] store_lookup stores() const {
    return [views = models.get()](const project_id& id) { return projections::store_of(*views->reader(), id); };
  }

  std::unique_ptr<eventstore::log> log;
  std::unique_ptr<projections::read_models> models;
  project_clock clock;
  engine_metrics metrics;
  commit_feed feed;
  applied_gate gate;
  stream_feed stream;
  quiet_config config;
  caf::actor_system system;
  caf::actor hub, runner, writer, door, alarm_clock;
};

engine::engine(engine_options options, std::unique_ptr<eventstore::log> log,
               std::unique_ptr<projections::read_models> models)
    : parts_(std::make_unique<parts>(std::move(options), std::move(log), std::move(models))) {}

engine::~engine() = default;

void engine::ingest(std::vector<ingest_item> items) {
  if (items.empty()) return;
  caf::anon_send(parts_->door, ingest_request{std::make_shared<std::vector<ingest_item>>(std::move(items))});
}

bool engine::settle(std::chrono::milliseconds at_most) {
  const auto until = std::chrono::steady_clock::now() + at_most;
  const auto idle = std::make_shared<std::promise<bool>>();
  auto is_idle = idle->get_future();
  caf::anon_send(parts_->door, idle_request{completion<bool>([idle](bool yes) { idle->set_value(yes); })});
  if (is_idle.wait_until(until) != std::future_status::ready || !is_idle.get()) return false;

  const auto applied = std::make_shared<std::promise<void>>();
  auto is_applied = applied->get_future();
  const auto head = parts_->log->head().last;
  const auto id = parts_->gate.wait(head, [applied] { applied->set_value(); });
  if (is_applied.wait_until(until) == std::future_status::ready) return true;
  parts_->gate.cancel(head, id);
  return false;
}

const eventstore::log& engine::log() const { return *parts_->log; }
std::unique_ptr<const eventstore::kv_reader> engine::views() const { return parts_->models->snapshot(); }
applied_gate& engine::applied() { return parts_->gate; }
stream_feed& engine::stream() { return parts_->stream; }
const engine_metrics& engine::metrics() const { return parts_->metrics; }
store_lookup engine::stores() const { return parts_->stores(); }

}  // namespace plo::actors
