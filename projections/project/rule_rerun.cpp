#include "projections/project/rule_rerun.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "domain/event/catalogue.hpp"
#include "domain/project/command.hpp"

namespace plo::projections {

void findings::note(const event& e) {
  const bool raised = e.type == own_type::anomaly_raised;
  if (!raised && e.type != own_type::anomaly_triggered_again && e.type != own_type::anomaly_reopened) return;
  const auto data = json_document::parse(e.data);
  if (!data) return;
  const auto text = [&](const char* name) { return std::string(json::get_string(data->root(), name).value_or("")); };
  const auto id = text("anomaly_id");
  if (!raised) {
    if (const auto known = by_anomaly_.find(id); known != by_anomaly_.end() && e.causation_id)
      all_.at(known->second).triggers.insert(e.causation_id->to_string());
    return;
  }
  const auto cause = json::get(data->root(), "cause");
  const auto raised_at = parse_instant(text("raised_at"));
  if (!cause || !raised_at) return;
  const finding_key key{text("rule_id"), text("entity"), simdjson::to_string(*cause)};
  finding f{text("scope"), text("severity"), *raised_at, std::string(json::get_string(*cause, "event_id").value_or("")), {}};
  all_.emplace(key, std::move(f));
  by_anomaly_.insert_or_assign(id, key);
}

project_history::project_history(const eventstore::log& log, const project_id& id) : id_(id) {
  log.read_stream(stream_id::of(id), {1}, [&](const recorded_event& e) {
    events_.push_back(e);
    if (e.type != own_type::anomaly_raised) return true;
    if (const auto data = json_document::parse(e.data)) {
      const auto text = [&](const char* name) { return std::string(json::get_string(data->root(), name).value_or("")); };
      anomalies_.insert_or_assign(text("anomaly_id"), subject{text("rule_id"), key_of(parse_event_scope(text("scope")).value_or(event_scope::project), text("entity"))});
    }
    return true;
  });
}

std::optional<event> project_history::translated(const event& command, const project_state& state) const {
  const auto data = json_document::parse(command.data);
  const auto id = data ? json::get_string(data->root(), "anomaly_id").value_or("") : std::string_view();
  const auto about = anomalies_.find(id);
  if (about == anomalies_.end()) return std::nullopt;
  const auto same = std::find_if(state.anomalies.begin(), state.anomalies.end(), [&](const anomaly& a) {
    return !a.is_resolved() && a.rule_id == about->second.rule_id && a.is_about(about->second.about);
  });
  if (same == state.anomalies.end()) return std::nullopt;
  auto said = command;
  if (const auto at = said.data.find(id); at != std::string::npos) said.data.replace(at, id.size(), same->id.to_string());
  if (refuses(state, said)) return std::nullopt;
  return said;
}

namespace {

class rerun {
public:
  rerun(const project_history& history, const rules::rule_set& rules, const trial_settings& settings)
      : history_(history), rules_(rules), settings_(settings) {
    outcome_.state.id = history.id();
  }

  rerun_outcome run(const clock_history& ran) {
    for (const auto& e : history_.events()) {
      // Deadlines pass again by themselves, and what was concluded is concluded anew.
      if (e.kind == event_kind::derived || e.kind == event_kind::clock) continue;
      if (is_told_to_stop()) break;
      clock_reading reading;
      reading.wall = ran.wall_at(e.pos);
      const auto at = reading.wall ? e.recorded_at : e.occurred_at;
      if (reading.wall) wake_until(at);
      reading.before = reading.wall ? at : std::max(clock_, at - milliseconds(1));
      reading.now = std::max(clock_, at);
      reading.recorded_at = e.recorded_at;
      clock_ = reading.now;
      if (!e.type.starts_with("anomaly.")) take(static_cast<const event&>(e), reading);
      else if (auto command = history_.translated(e, outcome_.state)) take(std::move(command), reading);
    }
    clock_reading today;
    today.wall = settings_.wall;
    today.before = today.now = today.recorded_at = std::max(clock_, settings_.now);
    if (today.wall) wake_until(today.now);
    take(std::nullopt, today);
    return std::move(outcome_);
  }

private:
  [[nodiscard]] bool is_told_to_stop() {
    outcome_.stopped = outcome_.stopped || (settings_.should_stop && settings_.should_stop());
    return outcome_.stopped;
  }

  void take(std::optional<event> input, const clock_reading& reading) {
    auto decided = decide(std::move(outcome_.state), history_.id(), std::move(input), settings_.domain, &rules_, reading);
    for (const auto& e : decided.events) outcome_.found.note(e);
    next_due_ = decided.next_due;
    outcome_.state = std::move(decided.next);
  }

  /// On real time a project is woken when its deadline is due, not when the next event comes.
  void wake_until(instant limit) {
    while (next_due_ && *next_due_ < limit && !is_told_to_stop()) {
      clock_reading reading;
      reading.before = reading.now = reading.recorded_at = clock_ = std::max(clock_, *next_due_);
      take(std::nullopt, reading);
    }
  }

  const project_history& history_;
  const rules::rule_set& rules_;
  const trial_settings& settings_;
  rerun_outcome outcome_;
  instant clock_ = instant::min();
  std::optional<instant> next_due_;
};

}  // namespace

rerun_outcome decide_again(const project_history& history, const rules::rule_set& rules, const clock_history& ran,
                           const trial_settings& settings) {
  return rerun(history, rules, settings).run(ran);
}

}  // namespace plo::projections
