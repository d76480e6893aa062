// What finding a project (domain/project/finding.hpp) knows in a running server: the log's indexes, and what is still on its way to the
// log. Free of actors, so that it is tested with a log and plain calls.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "actors/core/clock.hpp"
#include "actors/project/messages.hpp"
#include "domain/event/ingest_event.hpp"
#include "domain/project/finding.hpp"
#include "eventstore/index/references.hpp"
#include "eventstore/log.hpp"

namespace plo::actors {

class project_finder final : private known_projects {
public:
  /// `is_busy` says whether a project has inputs on their way: its status may be about to change.
  project_finder(const eventstore::log& log, finding_settings settings,
                 std::function<bool(const project_id&)> is_busy)
      : log_(log), settings_(std::move(settings)), is_busy_(std::move(is_busy)) {}

  struct found {
    project_id project;
    bool opens = false;  // the project does not exist yet
    std::optional<reference> known_by = {};  // nobody in the log knows it so: an event on its way to the project is to teach it
  };
  using verdict = std::variant<found, dead_letter_cause, not_found_yet>;

  [[nodiscard]] verdict find(const ingest_event& e) const;

  /// The references of an event that its project is not known by yet.
  [[nodiscard]] std::vector<reference> new_references(const ingest_event& e, const found& where) const;

  /// An event was sent to its project: what it teaches counts from now on, until it is settled.
  void learn(ticket number, const found& where, const std::vector<reference>& references,
             const std::string& customer_id);
  /// What became of the event: it is in the log, whose indexes know it now, or it has taught nothing. Gives the references that it was to
  /// teach.
  std::vector<reference> forget(ticket number, settlement what);

private:
  using known_references = std::vector<eventstore::known_reference>;
  [[nodiscard]] const known_references& stored(const std::string& ref) const;
  void each(const std::string& ref, const each_knower& visit) const override;
  [[nodiscard]] std::optional<std::vector<customers_project>> of_customer(const std::string& customer_id) const override;
  [[nodiscard]] bool exists(const project_id& project) const override;

  struct lesson {
    found where;
    std::vector<reference> references;
    std::string customer_id;
  };
  struct pending_reference {
    reference_kind kind;
    std::string source;
    project_id project;
    std::size_t times = 0;  // by so many events on their way
  };

  const eventstore::log& log_;
  /// What the log knows under a text: this object sees everything that is learnt, so it stays true.
  mutable std::unordered_map<std::string, known_references> cache_;
  finding_settings settings_;
  std::function<bool(const project_id&)> is_busy_;
  std::unordered_map<ticket, lesson> lessons_;
  std::unordered_map<std::string, std::vector<pending_reference>> pending_references_;
  std::multiset<std::string, std::less<>> pending_customers_;
  std::multiset<project_id> opening_;
};

}  // namespace plo::actors
