#include "projections/project/rule_trial.hpp"

#include <algorithm>
#include <map>

#include "base/json.hpp"
#include "projections/project/rule_rerun.hpp"

namespace plo::projections {

namespace {

using one = std::pair<const finding_key, finding>;

/// A list of the answer: all are counted, the first are told.
struct told_list {
  json_writer json;
  std::uint64_t total = 0;
  told_list() { json.begin_array(); }
};

struct rule_counts {
  std::uint64_t raised = 0, dropped = 0, moved = 0, unchanged = 0;
};

class comparison {
public:
  comparison(const trial_rules& rules, const trial_settings& settings) : rules_(rules), settings_(settings) {}

  /// What was found of the rules that `concerned` says, against what is found now.
  template <class Concerned>
  void compare(const project_id& project, const findings& was, const findings& now, Concerned concerned) {
    std::vector<const one*> gone, fresh;
    for (const auto& f : was.all()) {
      if (!concerned(f.first.rule_id)) continue;
      if (!now.all().contains(f.first)) gone.push_back(&f);
      else if (is_told(f.second)) ++counts_[f.first.rule_id].unchanged;
    }
    for (const auto& f : now.all())
      if (concerned(f.first.rule_id) && !was.all().contains(f.first)) fresh.push_back(&f);
    for (const auto* from : gone) {
      const auto to = std::find_if(fresh.begin(), fresh.end(), [&](const one* f) { return f != nullptr && has_moved(*from, *f); });
      if (to == fresh.end()) {
        tell(dropped_, counts_[from->first.rule_id].dropped, project, *from);
        continue;
      }
      tell_moved(project, *from, **to);
      *to = nullptr;
    }
    for (const auto* f : fresh)
      if (f != nullptr) tell(raised_, counts_[f->first.rule_id].raised, project, *f);
  }

  void count_project() { ++projects_; }

  std::string result() {
    for (auto* list : {&raised_, &dropped_, &moved_}) list->json.end_array();
    std::uint64_t unchanged = 0;
    for (const auto& id : rules_.tried) unchanged += counts_[id].unchanged;
    json_writer json;
    json.begin_object();
    if (rules_.tried.size() == 1) json.field("rule_id", *rules_.tried.begin());
    json.field_raw("raised", raised_.json.view()).field_raw("dropped", dropped_.json.view()).field_raw("moved", moved_.json.view());
    json.field("unchanged", unchanged).field("raised_total", raised_.total).field("dropped_total", dropped_.total);
    json.field("moved_total", moved_.total).field("projects", projects_);
    json.key("rules").begin_array();
    for (const auto& [id, c] : counts_)
      json.begin_object().field("rule_id", id).field("tried", rules_.tried.contains(id)).field("raised", c.raised).field("dropped", c.dropped)
          .field("moved", c.moved).field("unchanged", c.unchanged).end_object();
    json.end_array().end_object();
    return json.str();
  }

private:
  [[nodiscard]] bool is_told(const finding& f) const { return f.raised_at >= settings_.since && f.raised_at < settings_.until; }

  static bool has_moved(const one& from, const one& to) {
    if (from.first.rule_id != to.first.rule_id || from.first.entity != to.first.entity) return false;
    if (from.second.cause_event.empty() && to.second.cause_event.empty()) return true;
    return to.second.triggers.contains(from.second.cause_event) || from.second.triggers.contains(to.second.cause_event);
  }

  static void write_identity(json_writer& json, const project_id& project, const one& f) {
    json.begin_object().field("project_id", project).field("rule_id", f.first.rule_id).field("scope", f.second.scope);
    json.field("entity", f.first.entity).field("severity", f.second.severity);
  }

  void tell(told_list& list, std::uint64_t& count, const project_id& project, const one& f) {
    if (!is_told(f.second)) return;
    ++count;
    if (list.total++ >= settings_.most) return;
    write_identity(list.json, project, f);
    list.json.field("raised_at", f.second.raised_at).field_raw("cause", f.first.cause).end_object();
  }

  void tell_moved(const project_id& project, const one& from, const one& to) {
    if (!is_told(from.second) && !is_told(to.second)) return;
    ++counts_[from.first.rule_id].moved;
    if (moved_.total++ >= settings_.most) return;
    write_identity(moved_.json, project, to);
    const auto write_end = [&](const char* name, const one& f) {
      moved_.json.key(name).begin_object().field("raised_at", f.second.raised_at).field_raw("cause", f.first.cause).end_object();
    };
    write_end("from", from);
    write_end("to", to);
    moved_.json.end_object();
  }

  const trial_rules& rules_;
  const trial_settings& settings_;
  told_list raised_, dropped_, moved_;
  std::map<std::string, rule_counts, std::less<>> counts_;
  std::uint64_t projects_ = 0;
};

bool same_of_others(const findings& a, const findings& b, const std::set<std::string, std::less<>>& tried) {
  const auto has_all = [&](const findings& of, const findings& in) {
    return std::all_of(of.all().begin(), of.all().end(), [&](const one& f) { return tried.contains(f.first.rule_id) || in.all().contains(f.first); });
  };
  return has_all(a, b) && has_all(b, a);
}

}  // namespace

trial_rules with_changed(const rules::rule_set& in_force, const std::vector<rules::rule_pointer>& rules) {
  trial_rules trial{in_force, in_force, {}};
  for (const auto& rule : rules) {
    rules::rule_command change;
    change.what = in_force.find(rule->id) == nullptr ? rules::rule_command::verb::define : rules::rule_command::verb::change;
    change.rule_id = rule->id;
    change.rule = rule;
    if (const auto decided = rules::decide(trial.changed, change, {}))
      for (const auto& e : decided->events) trial.changed.evolve(e);
    trial.tried.insert(rule->id);
  }
  // A copy's index is the original's.
  trial.in_force.index();
  trial.changed.index();
  return trial;
}

std::optional<std::string> try_rules(const eventstore::log& log, const trial_rules& rules, const trial_settings& settings) {
  const clock_history ran(log);
  comparison compared(rules, settings);
  const auto tried = [&](const std::string& id) { return rules.tried.contains(id); };
  const auto total = log.head().last.value;
  std::uint64_t done = 0;
  bool stopped = false;
  log.each_stream({}, [&](const stream_id& stream) {
    const auto id = stream.project();
    if (!id) return true;
    stopped = settings.should_stop && settings.should_stop();
    if (stopped) return false;
    const project_history history(log, *id);
    if (settings.progress) settings.progress(done += history.events().size(), total);
    const auto outcome = decide_again(history, rules.changed, ran, settings);
    stopped = outcome.stopped;
    if (stopped) return false;
    const auto is_of = [](const dated<std::string>& held, const std::string& wanted) { return wanted.empty() || held.value == wanted; };
    if (!is_of(outcome.state.store_id, settings.store_id) || !is_of(outcome.state.project_type, settings.project_type)) return true;
    findings was;
    for (const auto& e : history.events()) was.note(e);
    compared.compare(*id, was, outcome.found, tried);
    // What others found then, they may have found with a definition that they do not have any more.
    rerun_outcome in_force;
    const bool same = same_of_others(was, outcome.found, rules.tried);
    if (!same) in_force = decide_again(history, rules.in_force, ran, settings);
    stopped = in_force.stopped;
    if (stopped) return false;
    compared.compare(*id, same ? was : in_force.found, outcome.found, [&](const std::string& rule) { return !tried(rule); });
    compared.count_project();
    return true;
  });
  if (stopped) return std::nullopt;
  return compared.result();
}

}  // namespace plo::projections
