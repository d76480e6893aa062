// The state of a client project: a fold of the events of its stream, and nothing else.
//
// The state has two halves. *Facts* are what sources and people said; every fact that a later message may contradict
// remembers the `occurred_at` it stems from (domain/project/dated.hpp), so that input out of order ends in the same state. *Conclusions*
// (steps, consolidation, statuses) are computed from the facts alone by `conclude` (domain/project/conclude.hpp) and enter the
// state through derived events, so that the log proves what PLO believed at each moment.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "domain/event/event.hpp"
#include "domain/event/ids.hpp"
#include "domain/event/ingest_event.hpp"
#include "domain/event/vocabulary.hpp"
#include "domain/project/anomaly.hpp"
#include "domain/project/dated.hpp"
#include "domain/project/delivery.hpp"
#include "domain/project/order.hpp"
#include "domain/project/stores.hpp"
#include "domain/rules/countries.hpp"

namespace plo {

namespace rules {
class rule_set;
}

/// A status an operator gave a step by hand; wins over facts that are older.
struct manual_step {
  step_type type = step_type::inspiration;
  std::string order_ref;  // for order steps
  step_status status = step_status::pending;
  instant at;       // since when, as the operator has it
  sighted counted;  // what is said later than this wins over it
  std::string comment;
  bool operator==(const manual_step&) const = default;
};

struct note {
  std::string comment;
  std::string operator_id;
  instant at{};
  bool operator==(const note&) const = default;
};

struct project_state {
  project_id id;  // events do not carry it: it is set before the first one is folded
  bool exists = false;
  std::uint64_t events = 0;  // folded so far, equal to the stream's version
  std::vector<std::string> project_refs;
  std::vector<reference> refs;  // sorted
  dated<std::string> project_type;
  dated<std::string> channel_origin;
  dated<std::string> store_id;
  dated<std::string> customer_id;  // project.created's; until then the first one that any event named
  bool customer_stated = false;    // by project.created
  dated<std::string> customer_name;
  dated<std::string> customer_email;
  dated<std::string> metadata;  // JSON
  dated<bool> installation_required;
  dated<local_day> promised_installation_date_of_project;
  std::string assigned_to;
  instant newest = instant::min();  // the latest `occurred_at` of all; a person's command is never older (RULES.md, "Commands")
  instant created_at{};  // occurred_at of the event that opened the project
  instant updated_at{};  // recorded_at of the last event

  // Facts about status: by hand or from project.closed / closed_with_issue / reopened.
  stated<project_status> status_said;
  stated<bool> closed;  // true: closed (by a source or by hand), false: reopened
  std::optional<instant> closed_at;  // while closed, by whomever

  std::vector<std::string> accepted_quotes;  // quote ids; "" for an acceptance that names none
  sightings seen;  // of every catalogued type that is not about an order
  std::optional<double> survey_score, survey_scale;
  stamp survey_since;

  std::vector<order> orders;  // by first mention
  std::optional<plo::consolidation> consolidation;
  std::vector<lastmile> lastmiles;          // by first mention
  std::vector<installation> installations;  // by first mention
  std::vector<manual_step> manual_steps;
  std::vector<note> notes;

  // What the rules found. Of each key (rule, entity) the open anomaly or the last resolved one; older ones are history.
  std::vector<anomaly> anomalies;  // by the time they were first raised
  std::vector<passed_deadline> passed_deadlines;

  // Conclusions.
  std::optional<instant> auto_closed_at;  // since when the conditions for closing by itself hold
  project_status status = project_status::draft;
  std::optional<local_day> promised_delivery_date;      // the latest of its orders'
  std::optional<local_day> promised_installation_date;  // the latest of its orders', else the project's own
  std::vector<step> steps;                              // the eight project steps
  std::vector<step> installation_steps;                 // of the visit that is next; none without a visit

  /// By the order's reference, or by the id that PLO gave it.
  [[nodiscard]] const order* find_order(std::string_view order_ref) const;
  bool operator==(const project_state&) const = default;
};

/// What lies outside the log and yet decides: zones, countries and their calendars. Part of the configuration.
struct domain_settings {
  zone tz = zone::utc();       // where the store has none: ask zone_of (domain/project/stores.hpp) about a project
  std::string country = "FR";  // where neither the address nor the store tells one
  std::shared_ptr<const rules::calendars> calendars = {};  // public holidays; none: Monday to Friday
  std::shared_ptr<const store_map> stores = {};
};

/// The only way to change a project's state, live or in replay. Total: an event that it does not know, or whose data is not what it
/// expects, changes nothing but the counters.
/// Gives a sentence for people when nothing of the event was applied, because a newer message or a person has the last word.
std::string_view evolve(project_state& state, const event& e, const domain_settings& settings);

/// How the project clock stands around an input (RULES.md, "Event clock").
struct clock_reading {
  instant before = instant::min();  // deadlines up to here pass ahead of the input …
  instant now = instant::min();     // … and those up to here behind it
  bool wall = true;                 // real time; else the clock follows `occurred_at`
  instant recorded_at = instant::min();  // real time, for what passes without an input
};

/// What follows from one input.
struct decision {
  std::vector<event> events;        // in order; each input is followed by what is derived from it
  std::size_t input_at = 0;         // where the input itself stands; deadlines that passed before it come first
  std::vector<anomaly_id> raised;   // by the input itself
  std::optional<instant> next_due;  // when the project must be woken
  project_state next;               // the state after all of them
};

/// Pure: the same arguments give the same events, ids included. `input` carries its id, times and kind; without one, only the deadlines
/// that are due pass. `id` names the project when the state does not exist yet. Without rules nothing is found.
[[nodiscard]] decision decide(project_state state, project_id id, std::optional<event> input, const domain_settings& settings,
                              const rules::rule_set* rules = nullptr, const clock_reading& clock = {});

/// True while new orders of its customer may join it by themselves: draft, active or on hold.
[[nodiscard]] bool is_open(const project_state& state);

}  // namespace plo
