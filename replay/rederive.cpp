#include "replay/rederive.hpp"

#include <algorithm>
#include <array>
#include <deque>

#include <fmt/format.h>

#include "base/json.hpp"
#include "domain/event/catalogue.hpp"
#include "domain/event/personal_data.hpp"
#include "domain/project/decider.hpp"
#include "domain/rules/rule_set.hpp"
#include "projections/project/clock_history.hpp"
#include "replay/recent.hpp"
#include "replay/routing.hpp"

namespace plo::replay {

namespace {

std::string json_of(const event& e) {
  json_writer json;
  json.begin_object().field("event_id", e.id).field("type", e.type).field("kind", to_string(e.kind));
  json.field("occurred_at", e.occurred_at).field("recorded_at", e.recorded_at).field("causation_id", e.causation_id);
  json.field_raw("data", e.data).end_object();
  return json.str();
}

/// Which fields of an event are not the same.
std::string fields_that_differ(const event& a, const event& b) {
  std::string names;
  const auto compare = [&](const char* name, const auto& x, const auto& y) {
    if (!(x == y)) names.append(names.empty() ? "" : ", ").append(name);
  };
  compare("type", a.type, b.type);
  compare("kind", a.kind, b.kind);
  compare("event_id", a.id, b.id);
  compare("occurred_at", a.occurred_at, b.occurred_at);
  compare("recorded_at", a.recorded_at, b.recorded_at);
  compare("causation_id", a.causation_id, b.causation_id);
  compare("correlation_id", a.correlation_id, b.correlation_id);
  compare("operator_id", a.operator_id, b.operator_id);
  compare("schema_version", a.schema_version, b.schema_version);
  compare("source", a.source, b.source);
  compare("source_ref", a.source_ref, b.source_ref);
  compare("project_ref", a.project_ref, b.project_ref);
  compare("order_ref", a.order_ref, b.order_ref);
  compare("found_at", a.found_at, b.found_at);
  compare("comment", a.comment, b.comment);
  compare("data", a.data, b.data);
  return names;
}

bool is_input(event_kind kind) { return kind == event_kind::source || kind == event_kind::operator_; }

bool lacks_values(std::string_view data) {
  return data.find(erased_json) != std::string_view::npos || data.find(sealed_json) != std::string_view::npos;
}

/// One decision under comparison.
struct open_decision {
  std::optional<event> input;   // none: the clock alone
  clock_reading reading;
  stream_version before;        // of the stream
  std::vector<event> expected;  // all of it
  std::size_t met = 0;          // events that have come as expected
  position last;                // of these
  project_state next;
  [[nodiscard]] bool is_open() const { return met < expected.size(); }
};

struct project_entry {
  project_state state;  // while a decision is open, nothing
  stream_version version;
  open_decision decision;
  bool lacks_values = false;  // somewhere in its stream
  bool broken = false;  // a decision did not come out: what it led to is passed over up to the next input
};

class rederiving {
public:
  rederiving(const eventstore::log& log, const rederive_options& options)
      : log_(log), options_(options), clocks_(options.wall_at_first), decider_(options.decider_at_first), finding_(options.finding_at_first),
        routing_(log.head().last.value), projects_(options.max_states) {}

  rederive_report run() {
    const auto total = log_.head().last.value;
    log_.read({1}, [&](const recorded_event& e) {
      take(e);
      if ((++report_.events & 0x3ff) == 0 && options_.progress) options_.progress(report_.events, total);
      return true;
    });
    projects_.each([&](const project_id& id, const project_entry& p) {
      if (p.decision.is_open()) differ({total + 1}, id, p.lacks_values, "the log ends before it", &p.decision.expected[p.decision.met], nullptr);
    });
    if (options_.progress) options_.progress(report_.events, total);
    return std::move(report_);
  }

private:
  void take(const recorded_event& e) {
    if (e.stream == stream_id::rules()) {
      rules_.evolve(e);
      rules_indexed_ = false;
    }
    if (e.stream == stream_id::clock()) {
      clocks_.evolve(e);
      if (e.type == own_type::engine_started) take_engine(e);
    }
    take_route(e);
    if (const auto id = e.stream.project()) take_of(*id, e);
    else if (e.kind == event_kind::derived && e.stream == stream_id::dead_letters()) take_attachment(e);
    // Dead letters move the event clock too.
    if (e.kind != event_kind::source) return;
    stored_clock_ = std::max(stored_clock_, e.occurred_at);
    clock_ = std::max(clock_, e.occurred_at);
  }

  void take_engine(const recorded_event& e) {
    const auto data = json_document::parse(e.data);
    decider_ = data ? static_cast<std::uint32_t>(json::get_number(data->root(), "decider").value_or(0)) : 0;
    const auto finding = data ? json::get(data->root(), "finding") : std::nullopt;
    finding_ = finding ? parse_finding_settings(*finding) : std::nullopt;
  }

  void take_route(const recorded_event& e) {
    auto verdict = routing_.take(e, finding_);
    switch (verdict.what) {
      case routing_audit::outcome::same: ++report_.routed; break;
      case routing_audit::outcome::differs: differ(e.pos, e.stream.project().value_or(project_id{}), false, std::move(verdict.why), nullptr, &e); break;
      case routing_audit::outcome::not_asked: report_.other_finding += !finding_ && e.kind == event_kind::source;
    }
  }

  void take_of(const project_id& id, const recorded_event& e) {
    auto& p = load(id, e);
    if (decider_ != decider_version) {
      // What another decider made of its inputs is taken as it stands.
      ++report_.other_decider;
      p.lacks_values = p.lacks_values || lacks_values(e.data);
      p.broken = false;
      return fold(p, e);
    }
    p.lacks_values = p.lacks_values || lacks_values(e.data);
    if (!p.decision.is_open() && !begin(p, id, e)) return;
    auto& d = p.decision;
    if (!meets(d.expected[d.met], e) && !moved_clock(p, id, e)) {
      const bool missing = is_input(e.kind) && d.met > 0;
      differ(missing ? position{d.last.value + 1} : e.pos, id, p.lacks_values, missing ? "what follows from the event before is missing" : fmt::format("differs in {}", fields_that_differ(d.expected[d.met], e)),
             &d.expected[d.met], missing ? nullptr : &e);
      give_up(p, id, e);
      // What nobody expected may be the next input.
      if (missing) return take_of(id, e);
      return fold(p, e);
    }
    ++d.met;
    d.last = e.pos;
    ++report_.rederived;
    p.version = e.version;
    if (!d.is_open()) {
      p.state = std::move(d.next);
      finished_ = {id, std::move(d)};
      d = {};
    }
  }

  /// Decides what this event begins. False when it begins nothing.
  bool begin(project_entry& p, const project_id& id, const recorded_event& e) {
    if (e.kind == event_kind::derived || (p.broken && e.kind == event_kind::clock && e.type != own_type::rules_changed)) {
      if (!p.broken) differ(e.pos, id, p.lacks_values, "follows from nothing", nullptr, &e);
      p.broken = true;
      fold(p, e);
      return false;
    }
    if (belongs_to_finished(p, id, e)) return true;
    p.broken = false;
    ++report_.inputs;
    auto& d = p.decision;
    d.before = p.version;
    d.reading = reading_for(e);
    if (is_input(e.kind) || e.type == own_type::rules_changed) d.input = static_cast<const event&>(e);
    decide_into(p, id);
    if (d.is_open()) return true;
    differ(e.pos, id, p.lacks_values, "nothing was due", nullptr, &e);
    p.state = std::move(d.next);
    d = {};
    p.broken = true;
    fold(p, e);
    return false;
  }

  /// On the event clock a deadline that is known before it is due is fired at its time; one that is fired later was already due when an
  /// input set it. Where the decision of that input has come out without it, the clock stood later than the log says.
  bool belongs_to_finished(project_entry& p, const project_id& id, const recorded_event& e) {
    if (e.kind != event_kind::clock || clocks_.wall_at(e.pos) || finished_.project != id) return false;
    const auto data = json_document::parse(e.data);
    if (!data || json::get_string(data->root(), "due_at") == json::get_string(data->root(), "fired_at")) return false;
    p.decision = finished_.decision;
    if (moved_clock(p, id, e)) return true;
    p.decision = {};
    return false;
  }

  void decide_into(project_entry& p, const project_id& id) {
    auto& d = p.decision;
    if (!std::exchange(rules_indexed_, true)) rules_.index();
    auto decided = decide(std::move(p.state), id, d.input, options_.settings, &rules_, d.reading);
    d.expected = std::move(decided.events);
    d.next = std::move(decided.next);
    d.met = 0;
  }

  /// The clock as it was read when this event was decided, or the deadline that it is passed.
  [[nodiscard]] clock_reading reading_for(const recorded_event& e) const {
    clock_reading reading;
    reading.wall = clocks_.wall_at(e.pos);
    reading.recorded_at = e.recorded_at;
    if (reading.wall) {
      reading.before = reading.now = e.recorded_at;
    } else if (e.kind == event_kind::source) {
      reading.before = std::max(clock_, e.occurred_at - milliseconds(1));
      reading.now = std::max(clock_, e.occurred_at);
    } else {
      // A command occurs when the clock says, but for a step that somebody dates back; a deadline is fired at its own time.
      reading.before = reading.now = e.type == own_type::step_updated ? clock_ : e.occurred_at;
    }
    // What other rules make due was not due before.
    if (e.type == own_type::rules_changed && e.kind == event_kind::clock) reading.before = instant::min();
    return reading;
  }

  [[nodiscard]] bool meets(const event& expected, const recorded_event& e) {
    if (static_cast<const event&>(e) == expected) return true;
    if (!lacks_values(expected.data) && !lacks_values(e.data)) return false;
    event a = expected, b = e;
    a.data = log_.personal().mask(a.data);
    b.data = log_.personal().mask(b.data);
    if (a != b) return false;
    ++report_.erased;
    return true;
  }

  /// A repetition that a source sends with a later time moves the event clock and is not stored. Where what was stored shows that the
  /// clock stood later than the log says, the decision must come out by that clock.
  bool moved_clock(project_entry& p, const project_id& id, const recorded_event& e) {
    auto& d = p.decision;
    if (d.reading.wall || !d.input) return false;
    const auto data = json_document::parse(e.data);
    if (!data) return false;
    std::array<std::optional<instant>, 4> shown{e.occurred_at};
    std::size_t n = 1;
    for (const auto* name : {"fired_at", "resolved_at", "last_triggered_at"})
      shown[n++] = parse_instant(json::get_string(data->root(), name).value_or(""));
    // A restart forgets what is not in the log.
    if (clock_ > stored_clock_ && d.input->kind == event_kind::source) {
      const auto occurred_at = d.input->occurred_at;
      if (comes_out(p, id, e, std::max(stored_clock_, occurred_at - milliseconds(1)), std::max(stored_clock_, occurred_at))) {
        clock_ = stored_clock_;
        return true;
      }
    }
    for (const auto& later : shown) {
      if (!later || *later <= d.reading.now || !comes_out(p, id, e, *later, *later)) continue;
      clock_ = std::max(clock_, *later);
      ++report_.clock_moves;
      return true;
    }
    return false;
  }

  /// Whether the decision comes out as far as it is stored, this event included, by another reading of the clock; it goes on with that.
  bool comes_out(project_entry& p, const project_id& id, const recorded_event& e, instant before, instant now) {
    const auto& d = p.decision;
    auto again = p;
    again.state = entry_at(id, d.before).state;
    if (d.reading.before != instant::min()) again.decision.reading.before = before;
    again.decision.reading.now = now;
    decide_into(again, id);
    const auto& other = again.decision.expected;
    if (other.size() <= d.met || !std::equal(d.expected.begin(), d.expected.begin() + static_cast<std::ptrdiff_t>(d.met), other.begin()) ||
        !meets(other[d.met], e))
      return false;
    again.decision.met = d.met;
    p = std::move(again);
    return true;
  }

  void take_attachment(const recorded_event& e) {
    if (e.type != "dead_letter.attached") return;
    const auto data = json_document::parse(e.data);
    const auto project = data ? project_id::parse(json::get_string(data->root(), "project_id").value_or("")) : std::nullopt;
    if (e.causation_id && project && e.id.value == derive_uuid(e.causation_id->value, e.type)) {
      ++report_.rederived;
      return;
    }
    differ(e.pos, project.value_or(project_id{}), false, "is not the attachment of its cause", nullptr, &e);
  }

  void fold(project_entry& p, const recorded_event& e) {
    evolve(p.state, e, options_.settings);
    p.version = e.version;
  }

  void give_up(project_entry& p, const project_id& id, const recorded_event& e) {
    p.decision = {};
    p.broken = true;
    p.version = {e.version.value - 1};
    p.state = entry_at(id, p.version).state;
  }

  /// The project as its stream has it up to a version.
  [[nodiscard]] project_entry entry_at(const project_id& id, stream_version version) const {
    project_entry entry;
    entry.state.id = id;
    entry.version = version;
    if (version.value == 0) return entry;
    log_.read_stream(stream_id::of(id), {1}, [&](const recorded_event& e) {
      if (e.version > version) return false;
      evolve(entry.state, e, options_.settings);
      entry.lacks_values = entry.lacks_values || lacks_values(e.data);
      return e.version < version;
    });
    return entry;
  }

  project_entry& load(const project_id& id, const recorded_event& next) {
    if (auto* known = projects_.find(id)) return *known;
    return projects_.put(id, entry_at(id, {next.version.value - 1}));
  }

  void differ(position at, const project_id& project, bool lacks, std::string what, const event* expected, const event* stored) {
    if (lacks) {
      ++report_.undecidable;
      return;
    }
    if (report_.differences_total++ >= options_.most_differences) return;
    report_.differences.push_back({at, project, std::move(what), expected ? json_of(*expected) : "", stored ? json_of(*stored) : ""});
  }

  const eventstore::log& log_;
  const rederive_options& options_;
  rules::rule_set rules_;
  bool rules_indexed_ = false;
  projections::clock_history clocks_;
  std::uint32_t decider_;
  std::optional<finding_settings> finding_;
  instant stored_clock_{};  // the event clock as the log's events move it
  instant clock_{};         // and as what was stored shows that it stood
  routing_audit routing_;
  recent<project_entry> projects_;
  struct {
    project_id project;
    open_decision decision;
  } finished_;  // the last decision that came out
  rederive_report report_;
};

}  // namespace

rederive_report rederive(const eventstore::log& log, const rederive_options& options) { return rederiving(log, options).run(); }

std::string to_json(const rederive_report& report) {
  json_writer json;
  json.begin_object().field("ok", report.ok()).field("events", report.events).field("inputs", report.inputs);
  json.field("rederived", report.rederived).field("erased", report.erased).field("undecidable", report.undecidable).field("clock_moves", report.clock_moves).field("other_decider", report.other_decider);
  json.field("routed", report.routed).field("other_finding", report.other_finding);
  json.field("differences_total", report.differences_total).key("differences").begin_array();
  for (const auto& d : report.differences) {
    json.begin_object().field("position", d.at).field("project_id", d.project).field("what", d.what);
    json.field_raw("expected", d.expected.empty() ? "null" : d.expected).field_raw("stored", d.stored.empty() ? "null" : d.stored).end_object();
  }
  json.end_array().end_object();
  return json.str();
}

}  // namespace plo::replay
