// The directory: takes posted events in order, finds each one's project and sends it there; wakes projects when their deadlines pass.
//
// It is the router of the projects (actors/core/entity_router.hpp) and what projects alone need: finding them, and the dead letters of what
// belongs to none. It alone decides what is a duplicate, what is a dead letter and which project a reference means, so it alone has to know
// what is on its way to the log and not in its indexes yet. Everything for one project from one request travels as one message.
//
// What an event on its way will teach counts at once: those behind it need not wait. If it is refused, they have been sent on the strength
// of nothing; their project finds that out and they are routed again.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "actors/core/entity_router.hpp"
#include "actors/core/messages.hpp"
#include "actors/core/metrics.hpp"
#include "actors/project/dead_letters.hpp"
#include "actors/project/entity.hpp"
#include "actors/project/finder.hpp"
#include "actors/project/messages.hpp"
#include "actors/rules/messages.hpp"
#include "eventstore/index/dead_letters.hpp"

namespace plo::actors {

/// What is said of an event or a command that the log would not give back.
inline constexpr std::string_view not_readable = "what would be stored could not be read back";

struct directory_environment {
  eventstore::log* log = nullptr;
  caf::actor committer;
  project_clock* clock = nullptr;
  engine_metrics* metrics = nullptr;
  finding_settings finder;
  domain_settings domain;
  ingest_limits limits;
  std::size_t max_live_projects = 50'000;
  const rule_book* rules = nullptr;
  /// The deadlines of all projects, as the read models know them at the start.
  std::function<void(const std::function<void(const project_id&, instant)>&)> each_deadline;
  /// Some projects behind `after` in the order of their ids; none: that was the last.
  std::function<std::vector<project_id>(const project_id& after, std::size_t most)> projects_after;
};

class directory_state {
public:
  static inline const char* name = "directory";

  directory_state() = default;
  void init(caf::event_based_actor* self, directory_environment environment);

  void accept(ingest_request& request);
  void on_settled(const project_inputs_settled& settled);
  void on_decided(const project_inputs_decided& decided);
  void on_appended(const append_done& done);
  void command(const command_request& request);
  void settle_letter(const letter_request& request);
  void erase(const erase_request& request);
  void on_tick();
  /// Shows all projects the rules in force, when their deadlines have changed.
  void on_rules_published();
  void sweep();
  /// Calls `then` once nothing is on its way, drained letters included.
  void when_idle(completion<bool> then);

private:
  /// An event to route. `letter` is set for one that comes back from the dead letters.
  struct work {
    ingest_event event;
    ingest_completion reply;
    std::optional<eventstore::dead_letter_entry> letter;
    std::optional<letter_decision> attached_by = {};  // by hand
    command_completion done = {};                     // of whoever decided that
    std::optional<clock_reading> clock = {};  // taken when its turn first came
    bool drained = false;                     // `letter` comes from a drain
    bool misrouted = false;                   // once: what may come to nothing does not lead it anywhere again
    std::shared_ptr<std::deque<work>> repeats = {};  // of the same source event, that wait for what becomes of this one
  };
  /// The letters that wait for one reference, on their way to whoever turned out to be known by it: read from the log in portions, each when
  /// the one before is settled.
  struct drain {
    position upto;              // the last letter that was read
    std::size_t under_way = 0;  // of the present portion
    bool again = false;         // something was learnt meanwhile: those that wait still get another chance
  };
  /// An event on its way to the log.
  struct flight {
    std::string key;  // source and source_ref; empty for what no source sent
    bool sweeps = false;
    bool to_project = false;
    std::optional<work> unsure;  // what it is, where it may have to be routed again
    std::optional<eventstore::dead_letter_entry> letter;
    // Of a letter or a conflict that the directory itself stores.
    std::optional<work> stored_here;
    ingest_reply answer;
    command_completion told = {};       // of an operator who discards `letter`, or erases
    std::vector<project_id> erased;     // whose personal data goes
    bool waited = true;                 // `letter` waited for its reference; a contradiction never does
    bool drained = false;
    bool drains = false;  // once it is stored, the letters that wait for what it taught
  };

  void process();
  /// What a source event is known by while it is on its way.
  [[nodiscard]] static std::string key_of(const ingest_event& e);
  [[nodiscard]] bool on_event_clock() const { return environment_.clock->running() == project_clock::mode::event; }
  [[nodiscard]] clock_reading reading_for(instant occurred_at) const;
  void note_rules_shown();
  void send_input(ticket number, const project_id& project, project_input input, flight f);
  /// What the directory itself has the log store.
  void append(ticket number, eventstore::append_request request, flight f);
  /// False when it depends on what is on its way.
  [[nodiscard]] bool take_command(const command_request& request);
  /// False when the event must wait for one that is on its way.
  [[nodiscard]] bool route(work& item);
  void answer_repeat(work& item, const recorded_event& first);
  /// `looked_at`: the next position of the log when its project was looked for.
  void keep_as_dead_letter(work& item, const dead_letter_cause& cause, position looked_at);
  void dispatch(work& item, const project_finder::found& where, position looked_at);
  /// Starts to drain what waits for these references.
  void drain_letters(const std::vector<reference>& references);
  void drain_next_portion(const std::string& ref);
  /// One letter of a drain is settled, one way or another.
  void drained_one(const std::string& ref);
  void answer_stored_here(work item, ingest_reply answer, std::optional<eventstore::dead_letter_entry> letter, const append_done& done);
  void store_here(work item, eventstore::append_request request, ingest_reply answer,
                  std::optional<eventstore::dead_letter_entry> letter);
  void land(ticket number, settlement what);
  void take_up_repeats(const std::string& key, bool committed);
  void note_waiting(std::string_view project_ref, int change);

  caf::event_based_actor* self_ = nullptr;
  directory_environment environment_;
  std::optional<project_finder> finder_;
  std::optional<entity_router<project_aggregate>> router_;

  std::deque<work> queue_;
  std::vector<work> misrouted_;               // in their order, to be routed before the queue
  std::deque<command_request> commands_;      // that depend on what is on its way
  std::unordered_map<ticket, flight> flights_;
  std::unordered_map<std::string, std::shared_ptr<std::deque<work>>> parked_;  // by key: repeats of what is on its way; null: none
  std::unordered_map<std::string, drain> drains_;              // by project_ref
  std::unordered_map<std::size_t, std::size_t> waiting_;       // hash of project_ref → waiting dead letters

  instant letter_logged_at_{};
  std::uint64_t unlogged_letters_ = 0;

  std::optional<project_id> swept_;          // up to here; none: no sweep goes on
  stream_version sweeping_for_;
  std::size_t sweeps_ = 0;

  std::vector<completion<bool>> waiting_for_idle_;
};

caf::behavior directory(caf::stateful_actor<directory_state>* self, directory_environment environment);

}  // namespace plo::actors
