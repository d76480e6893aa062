// The running system behind one interface: events in, read models and a live stream out. No framework shows through it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/core/applied_gate.hpp"
#include "actors/core/clock.hpp"
#include "actors/core/commands.hpp"
#include "actors/core/metrics.hpp"
#include "actors/operators/commands.hpp"
#include "actors/outbox/metrics.hpp"
#include "actors/outbox/settings.hpp"
#include "actors/project/commands.hpp"
#include "actors/project/ingestion.hpp"
#include "actors/rules/commands.hpp"
#include "actors/upkeep/settings.hpp"
#include "actors/views/stream_feed.hpp"
#include "domain/event/command_stamp.hpp"
#include "domain/project/finding.hpp"
#include "domain/project/project.hpp"
#include "eventstore/index/dead_letters.hpp"
#include "eventstore/log.hpp"
#include "projections/core/read_models.hpp"

namespace plo::actors {

struct engine_options {
  domain_settings domain;
  finding_settings finding;
  ingest_limits limits;
  std::size_t max_live_projects = 50'000;
  unsigned scheduler_threads = 0;  // 0: chosen from the cores
  project_clock::mode clock = project_clock::mode::wall;
  outbox_settings outbox;
  retention_options retention;
  std::vector<rules::rule_pointer> rules;  // of the rule files; loaded into the log where nobody has changed them there
};

class engine {
public:
  /// Brings the read models up with the log, then starts the actors; one that has changed and that no actor acts on is built beside them.
  /// Throws store_error when the views cannot be written.
  engine(engine_options options, std::unique_ptr<eventstore::log> log, std::unique_ptr<projections::read_models> models);
  ~engine();
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  /// Takes events in order and answers each through its completion, on a thread of the engine. Any thread may call.
  void ingest(std::vector<ingest_item> items);

  /// An operator's command on a project: `input` lacks an id, and occurs now unless it says when. With a nil project it creates one, or is
  /// refused because its references are known. Any thread may call.
  void command(const project_id& project, event input, command_completion done);
  /// Attaches a dead letter to a project, or discards it without one. `letter` as the log or the read models know it. Any thread may call.
  void settle_letter(eventstore::dead_letter_entry letter, std::optional<project_id> project, letter_decision by, command_completion done);
  /// Destroys the keys of a customer's personal data, and has every read model forget it. Any thread may call.
  void erase_customer(std::string customer_id, command_stamp by, std::string comment, command_completion done);
  /// A change of the rules; every project decides by the changed rules from the answered position on.
  void change_rules(rules::rule_command command, command_stamp by, rule_completion done);
  /// A change of the operator accounts, in force when it is answered. `comment` says where it came from, if not from an operator.
  void change_accounts(operators::account_command command, command_stamp by, std::string comment, account_completion done);
  [[nodiscard]] operators::account_book_pointer accounts() const;
  /// Writes down something about PLO itself, without waiting; the event lacks an id and times. `on_stored` is called by the committer once it
  /// is durable. Any thread may call.
  void record(stream_id stream, event note, std::function<void()> on_stored = {});
  /// The project clock.
  [[nodiscard]] instant now() const;
  [[nodiscard]] bool on_wall_clock() const;
  /// How large projects may become: what one event brings is refused where it is posted, what all of them do by the project.
  [[nodiscard]] const ingest_limits& limits() const;
  [[nodiscard]] const domain_settings& domain() const;
  /// The rules in force.
  [[nodiscard]] rules::rule_set_pointer rules() const;

  /// Sends a failed notification again. Any thread may call.
  void retry_notification(const notification_id& id, command_stamp by, command_completion done);

  /// Waits until nothing is on its way, drained dead letters included, and the read models hold everything committed; where nobody is
  /// told, until every notification counts as sent, too. False when that took longer.
  [[nodiscard]] bool settle(std::chrono::milliseconds at_most);

  [[nodiscard]] const eventstore::log& log() const;
  /// The read models' rows at one position; those that do not hold `at_least` are not read.
  [[nodiscard]] std::unique_ptr<const projections::row_reader> views(position at_least = {}) const;
  /// Whether the read models can be written; `log().store().writing()` says the same of the log.
  [[nodiscard]] eventstore::write_state views_writing() const;
  /// Rows and indexes of one position, for lists.
  [[nodiscard]] projections::reading read(position at_least = {}) const;
  [[nodiscard]] applied_gate& applied();
  [[nodiscard]] stream_feed& stream();
  [[nodiscard]] const engine_metrics& metrics() const;
  /// Read models that are being built anew, and how far they are.
  [[nodiscard]] projections::views_in_building building() const;
  /// Projections that could not fold an event and stand still.
  [[nodiscard]] std::vector<projections::parked_projection> parked() const;
  [[nodiscard]] const outbox_metrics& outbox_counts() const;
  [[nodiscard]] store_lookup stores() const;

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace plo::actors
