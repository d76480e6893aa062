#include "actors/engine.hpp"

#include <algorithm>
#include <future>
#include <random>
#include <thread>

#include <spdlog/spdlog.h>

#include "actors/core/commit_feed.hpp"
#include "actors/core/committer.hpp"
#include "actors/core/lifeline.hpp"
#include "actors/operators/entity.hpp"
#include "actors/outbox/outbox.hpp"
#include "actors/outbox/sender.hpp"
#include "actors/project/closed_projects.hpp"
#include "actors/project/directory.hpp"
#include "actors/project/message_composer.hpp"
#include "actors/rules/entity.hpp"
#include "actors/upkeep/archiver.hpp"
#include "actors/upkeep/eraser.hpp"
#include "actors/views/projection_runner.hpp"
#include "actors/views/stream_hub.hpp"
#include "domain/event/catalogue.hpp"
#include "domain/project/decider.hpp"
#include "eventstore/index/dead_letters.hpp"
#include "projections/project/deadlines.hpp"
#include "projections/project/projects.hpp"

namespace plo::actors {

namespace {

constexpr std::size_t feed_capacity = 50'000;          // events between committer and projections
constexpr std::size_t stream_messages_kept = 10'000;   // a slower subscriber goes on from the log
constexpr std::size_t catch_up_step = 5'000;
constexpr std::chrono::seconds time_to_stop_sending{2};

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

/// Writes to the log what this start brings: another decider or another way of finding projects, rules that are new in the files, and
/// which clock runs.
void note_start(eventstore::log& log, const engine_options& options) {
  const auto set = load_rules(log);
  auto like = event_now(event_kind::operator_);
  rules::rule_command load;
  load.what = rules::rule_command::verb::load_file;
  load.file = options.rules;
  eventstore::append_request request;
  if (auto decided = rules::decide(set, load, like); decided && !decided->events.empty())
    request.appends.push_back({stream_id::rules(), set.version(), std::move(decided->events)});

  const std::string_view mode = options.clock == project_clock::mode::event ? "event" : "wall";
  std::string last = "wall";
  double decider = 0;
  std::optional<finding_settings> finding;
  log.read_stream(stream_id::clock(), {1}, [&](const recorded_event& e) {
    const auto data = json_document::parse(e.data);
    if (data && e.type == own_type::clock_set) last = json::get_string(data->root(), "mode").value_or("");
    if (data && e.type == own_type::engine_started) {
      decider = json::get_number(data->root(), "decider").value_or(0);
      const auto found = json::get(data->root(), "finding");
      finding = found ? parse_finding_settings(*found) : std::nullopt;
    }
    return true;
  });
  if (decider != decider_version || finding != options.finding) {
    event e = like;
    e.id = {derive_uuid(like.id.value, own_type::engine_started)};
    e.type = own_type::engine_started;
    e.kind = event_kind::clock;  // nobody did it
    e.data = fmt::format(R"({{"decider":{},"finding":{}}})", decider_version, to_json(options.finding));
    request.appends.insert(request.appends.begin(), {stream_id::clock(), {}, {std::move(e)}});
  }
  if (last != mode) {
    event e = like;
    e.id = {derive_uuid(like.id.value, own_type::clock_set)};
    e.type = own_type::clock_set;
    e.data = fmt::format(R"({{"mode":"{}"}})", mode);
    request.appends.push_back({stream_id::clock(), {}, {std::move(e)}});
  }
  if (!request.appends.empty()) {
    std::vector<eventstore::append_request> group;
    group.push_back(std::move(request));
    (void)log.append(std::move(group));
  }
}

}  // namespace

struct engine::parts {
  parts(engine_options options, std::unique_ptr<eventstore::log> the_log,
        std::unique_ptr<projections::read_models> the_models)
      : log(std::move(the_log)), models(std::move(the_models)), domain(options.domain), clock(options.clock), feed(feed_capacity),
        stream(stream_messages_kept), outbox_options(std::move(options.outbox)), config(options.scheduler_threads), book(first_rules(*log, options)), account_book(std::make_shared<const operators::account_book>(load_accounts(*log))), system(config) {
    bring_models_up();
    clock.observe(projections::latest_occurrence(*models->reader()));
    stream.start_at(models->checkpoint());
    gate.advance(models->checkpoint());

    hub = system.spawn(stream_hub, &stream, stores());
    sending = system.spawn(outbox, make_outbox_environment());
    const auto closed = std::make_shared<closed_projects>(*log, *models);
    archiving = system.spawn<caf::detached>(archiver, archiver_environment{log.get(), &metrics, options.retention,
                                                                           [closed](instant since) { return closed->next(since); },
                                                                           [closed] { closed->start_over(); }});
    erasing = system.spawn<caf::detached>(eraser, eraser_environment{log.get(), models.get()});
    runner = system.spawn<caf::detached>(projection_runner, models.get(), &feed, &gate, std::vector<caf::actor>{hub, sending, erasing}, erasing);
    caf::anon_send(runner, build_on{});
    auto to_runner = runner;
    writer = system.spawn<caf::detached>(committer, log.get(), &feed, &metrics,
                                         std::function<void()>([to_runner] { caf::anon_send(to_runner, log_grown{}); }));
    caf::anon_send(sending, open_outbox{writer});
    caf::anon_send(archiving, open_archiver{writer});
    caf::anon_send(erasing, open_eraser{writer});
    directory_environment environment;
    environment.log = log.get();
    environment.committer = writer;
    environment.clock = &clock;
    environment.metrics = &metrics;
    environment.finder = std::move(options.finding);
    environment.domain = options.domain;
    environment.limits = limits = options.limits;
    environment.max_live_projects = options.max_live_projects;
    environment.rules = &book;
    environment.each_deadline = [views = models.get()](const auto& visit) { projections::each_deadline(*views->reader(), visit); };
    environment.projects_after = [views = models.get()](const project_id& after, std::size_t most) {
      return projections::projects_after(*views->reader(), after, most);
    };
    projects = system.spawn(directory, std::move(environment));
    auto rules_environment = std::make_shared<entity_environment<rules_aggregate>>();
    rules_environment->log = log.get();
    rules_environment->context = {&book, [to_projects = projects] { caf::anon_send(to_projects, rules_published{}); }};
    rules_environment->committer = writer;
    rules_environment->metrics = &metrics;
    rules = system.spawn(entity<rules_aggregate>, rules_aggregate::id_type{},
                               std::shared_ptr<const entity_environment<rules_aggregate>>(rules_environment));
    auto accounts_environment = std::make_shared<entity_environment<accounts_aggregate>>();
    accounts_environment->log = log.get();
    accounts_environment->context = &account_book;
    accounts_environment->committer = writer;
    accounts_environment->metrics = &metrics;
    accounts = system.spawn(entity<accounts_aggregate>, accounts_aggregate::id_type{},
                                  std::shared_ptr<const entity_environment<accounts_aggregate>>(accounts_environment));
    watch();
  }

  /// A process that goes on without one of these looks alive and takes nothing.
  void watch() const {
    live_or_die_with(projects, "directory");
    live_or_die_with(writer, "committer");
    live_or_die_with(runner, "projection runner");
    live_or_die_with(hub, "stream hub");
    live_or_die_with(sending, "outbox");
    live_or_die_with(archiving, "archiver");
    live_or_die_with(erasing, "eraser");
    live_or_die_with(rules, "rules entity");
    live_or_die_with(accounts, "accounts entity");
  }

  static plo::rules::rule_set_pointer first_rules(eventstore::log& log, const engine_options& options) {
    note_start(log, options);
    return std::make_shared<const plo::rules::rule_set>(load_rules(log));
  }

  ~parts() {
    stop_sending();
    // From the door to the disk, so that nobody sends to an actor that is gone; the destructor of the system waits for all.
    for (const auto& actor : {accounts, rules, projects, sending, writer, runner, archiving, erasing, hub})
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  }

  void bring_models_up() {
    const auto head = log->head().last;
    if (models->checkpoint() < head) spdlog::info("bringing the read models from position {} to {}", models->checkpoint().value, head.value);
    for (auto events = models->read_next(catch_up_step); !events.empty(); events = models->read_next(catch_up_step))
      models->apply(events);
    // What the actors act on must be there before them; the rest is built by the runner, while they work.
    while (models->builds_what_is_acted_on()) (void)models->build(catch_up_step);
  }

  /// Waits until the read models hold what is committed now.
  bool wait_applied(std::chrono::steady_clock::time_point until) {
    const auto applied = std::make_shared<std::promise<void>>();
    auto is_applied = applied->get_future();
    const auto head = log->head().last;
    const auto id = gate.wait(head, [applied] { applied->set_value(); });
    if (is_applied.wait_until(until) == std::future_status::ready) return true;
    gate.cancel(head, id);
    return false;
  }

  /// What is under way may come to its end, so that it need not be sent again.
  void stop_sending() {
    is_stopping = true;
    const auto stopped = std::make_shared<std::promise<void>>();
    auto is_stopped = stopped->get_future();
    caf::anon_send(sending, drain_outbox{true, completion<bool>([stopped](bool) { stopped->set_value(); })});
    is_stopped.wait_for(time_to_stop_sending);
  }

  [[nodiscard]] outbox_environment make_outbox_environment() {
    if (outbox_options.mode == outbox_mode::send && !outbox_options.templates) throw std::invalid_argument("there are no texts to send");
    outbox_environment environment;
    environment.log = log.get();
    environment.views = [views = models.get()] { return views->snapshot(); };
    environment.settings = &outbox_options;
    environment.metrics = &outbox_counts;
    const auto compose = compose_project_messages(*log, {outbox_options.templates, outbox_options.public_url, domain});
    environment.make_sender = [this, compose](const std::string& lane) {
      return system.spawn<caf::detached>(outbox_sender, outbox_sender_environment{log.get(), compose, make_carrier(lane), &is_stopping});
    };
    environment.now = [start = std::chrono::steady_clock::now()] {
      return std::chrono::floor<milliseconds>(std::chrono::steady_clock::now() - start);
    };
    environment.wall_now = [] { return project_clock::wall_now(); };
    environment.random = [engine = std::mt19937(std::random_device()())]() mutable {
      return std::uniform_real_distribution<double>(0, 1)(engine);
    };
    return environment;
  }

  [[nodiscard]] std::shared_ptr<carrier> make_carrier(const std::string& lane) const {
    if (lane == "email") return make_mail_carrier(outbox_options, is_stopping);
    const auto webhook = outbox_options.webhooks.find(lane.substr(std::min(lane.find(':') + 1, lane.size())));
    if (!lane.starts_with("ticket:") || webhook == outbox_options.webhooks.end()) return make_log_carrier();
    return make_webhook_carrier(webhook->second, is_stopping);
  }

  [[nodiscard]] store_lookup stores() const {
    return [views = models.get()](const project_id& id, position at) { return projections::store_of(*views->reader(), id, at); };
  }

  std::unique_ptr<eventstore::log> log;
  std::unique_ptr<projections::read_models> models;
  domain_settings domain;
  project_clock clock;
  ingest_limits limits;
  engine_metrics metrics;
  commit_feed feed;
  applied_gate gate;
  stream_feed stream;
  outbox_settings outbox_options;
  outbox_metrics outbox_counts;
  std::atomic<bool> is_stopping{false};
  quiet_config config;
  rule_book book;
  account_register account_book;
  caf::actor_system system;
  caf::actor hub, sending, archiving, erasing, runner, writer, projects, rules, accounts;
};

engine::engine(engine_options options, std::unique_ptr<eventstore::log> log,
               std::unique_ptr<projections::read_models> models)
    : parts_(std::make_unique<parts>(std::move(options), std::move(log), std::move(models))) {}

engine::~engine() = default;

void engine::ingest(std::vector<ingest_item> items) {
  if (items.empty()) return;
  caf::anon_send(parts_->projects, ingest_request{std::make_shared<std::vector<ingest_item>>(std::move(items))});
}

void engine::command(const project_id& project, event input, command_completion done) {
  input.kind = event_kind::operator_;
  caf::anon_send(parts_->projects, command_request{project, std::make_shared<event>(std::move(input)), std::move(done)});
}

void engine::settle_letter(eventstore::dead_letter_entry letter, std::optional<project_id> project, letter_decision by,
                           command_completion done) {
  caf::anon_send(parts_->projects, letter_request{std::move(letter), project, std::move(by), std::move(done)});
}

void engine::erase_customer(std::string customer_id, command_stamp by, std::string comment, command_completion done) {
  caf::anon_send(parts_->projects, erase_request{std::move(customer_id), std::move(by), std::move(comment), std::move(done)});
}

void engine::change_rules(rules::rule_command command, command_stamp by, rule_completion done) {
  auto inputs = std::make_shared<std::vector<rule_input>>();
  inputs->push_back({std::make_shared<rules::rule_command>(std::move(command)), std::move(by), std::move(done)});
  caf::anon_send(parts_->rules, rule_inputs{std::move(inputs)});
}

void engine::retry_notification(const notification_id& id, command_stamp by, command_completion done) {
  caf::anon_send(parts_->sending, plo::actors::retry_notification{id, std::move(by), std::move(done)});
}

void engine::change_accounts(operators::account_command command, command_stamp by, std::string comment, account_completion done) {
  auto inputs = std::make_shared<std::vector<account_input>>();
  inputs->push_back({std::make_shared<operators::account_command>(std::move(command)), std::move(by), std::move(comment), std::move(done)});
  caf::anon_send(parts_->accounts, account_inputs{std::move(inputs)});
}

operators::account_book_pointer engine::accounts() const { return parts_->account_book.current(); }
void engine::record(stream_id stream, event note, std::function<void()> on_stored) {
  note.occurred_at = note.recorded_at = project_clock::wall_now();
  note.id = {make_uuid_v7(note.recorded_at.time_since_epoch().count())};
  auto request = std::make_shared<eventstore::append_request>();
  request->appends.push_back({std::move(stream), {}, {std::move(note)}});
  // Nobody waits for the answer: tickets begin at 1.
  caf::anon_send(parts_->writer, append_job{std::move(request), parts_->projects, 0, std::move(on_stored)});
}

const domain_settings& engine::domain() const { return parts_->domain; }
const ingest_limits& engine::limits() const { return parts_->limits; }
instant engine::now() const { return parts_->clock.now(); }
bool engine::on_wall_clock() const { return parts_->clock.running() == project_clock::mode::wall; }
rules::rule_set_pointer engine::rules() const { return parts_->book.current(); }

bool engine::settle(std::chrono::milliseconds at_most) {
  const auto until = std::chrono::steady_clock::now() + at_most;
  const auto answered = [until](const auto& ask) {
    const auto promise = std::make_shared<std::promise<bool>>();
    auto answer = promise->get_future();
    ask(completion<bool>([promise](bool yes) { promise->set_value(yes); }));
    return answer.wait_until(until) == std::future_status::ready && answer.get();
  };
  if (!answered([this](completion<bool> then) { caf::anon_send(parts_->projects, idle_request{std::move(then)}); })) return false;
  if (!parts_->wait_applied(until)) return false;
  if (parts_->outbox_options.mode == outbox_mode::send) return true;
  return answered([this](completion<bool> then) { caf::anon_send(parts_->sending, drain_outbox{false, std::move(then)}); }) &&
         parts_->wait_applied(until);
}

const eventstore::log& engine::log() const { return *parts_->log; }
std::unique_ptr<const projections::row_reader> engine::views(position at_least) const {
  auto views = parts_->models->snapshot();
  views->require(at_least);
  return views;
}
projections::reading engine::read(position at_least) const { return parts_->models->read(at_least); }
applied_gate& engine::applied() { return parts_->gate; }
stream_feed& engine::stream() { return parts_->stream; }
const engine_metrics& engine::metrics() const { return parts_->metrics; }
eventstore::write_state engine::views_writing() const { return parts_->models->store().writing(); }
projections::views_in_building engine::building() const { return parts_->models->building(); }
std::vector<projections::parked_projection> engine::parked() const { return parts_->models->parked(); }
const outbox_metrics& engine::outbox_counts() const { return parts_->outbox_counts; }
store_lookup engine::stores() const { return parts_->stores(); }

}  // namespace plo::actors
