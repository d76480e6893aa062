#include "projections/rule_trial.hpp"

#include <algorithm>
#include <map>

#include "domain/catalogue.hpp"
#include "domain/json.hpp"
#include "projections/deadlines.hpp"

namespace plo::projections {

namespace {

constexpr std::size_t projects_at_once = 500;

/// A finding, told apart by what it is about and what caused it.
struct finding_key {
  std::string entity;
  std::string cause;  // event id or deadline
  auto operator<=>(const finding_key&) const = default;
};
using findings = std::map<finding_key, std::string>;  // → JSON

/// Takes an event up when it says that the rule found something: raised anew, or again after it was resolved.
void note(findings& into, const event& e, const project_id& project, std::string_view rule_id, instant since) {
  if (e.type != own_type::anomaly_raised) return;
  const auto data = json_document::parse(e.data);
  if (!data || json::get_string(data->root(), "rule_id") != rule_id) return;
  const auto text = [&](const char* name) { return std::string(json::get_string(data->root(), name).value_or("")); };
  const auto raised_at = parse_instant(text("raised_at"));
  if (!raised_at || *raised_at < since) return;
  finding_key key{text("entity"), ""};
  json_writer json;
  json.begin_object().field("project_id", project).field("scope", text("scope")).field("entity", key.entity);
  json.field("severity", text("severity")).field("raised_at", *raised_at);
  if (const auto cause = json::get(data->root(), "cause")) {
    key.cause = simdjson::to_string(*cause);
    json.field_raw("cause", key.cause);
  }
  json.end_object();
  into.emplace(std::move(key), json.str());
}

/// Which clock ran at each place of the log.
class clocks {
public:
  explicit clocks(const eventstore::log& log) {
    log.read_stream(stream_id::clock(), {1}, [&](const recorded_event& e) {
      if (e.type != own_type::clock_set) return true;
      if (const auto data = json_document::parse(e.data)) set_.emplace_back(e.pos, json::get_string(data->root(), "mode") != "event");
      return true;
    });
  }
  [[nodiscard]] bool wall_at(position pos) const {
    bool wall = true;
    for (const auto& [from, is_wall] : set_)
      if (from <= pos) wall = is_wall;
    return wall;
  }

private:
  std::vector<std::pair<position, bool>> set_;
};

/// What the project's recorded inputs lead to under these rules.
findings decide_again(const std::vector<recorded_event>& stream, const project_id& id, const rules::rule_set& rules,
                      std::string_view rule_id, const clocks& ran, const trial_settings& settings) {
  findings found;
  project_state state;
  state.id = id;
  instant clock = instant::min();
  const auto take = [&](std::optional<event> input, const clock_reading& reading) {
    auto decided = decide(std::move(state), id, std::move(input), settings.domain, &rules, reading);
    for (const auto& e : decided.events) note(found, e, id, rule_id, settings.since);
    state = std::move(decided.next);
  };
  for (const auto& e : stream) {
    // Deadlines pass again by themselves, and commands on anomalies speak of those that were found then.
    if (e.kind == event_kind::derived || e.kind == event_kind::clock || e.type.starts_with("anomaly.")) continue;
    clock_reading reading;
    reading.wall = ran.wall_at(e.pos);
    const auto at = reading.wall ? e.recorded_at : e.occurred_at;
    reading.before = reading.wall ? at : std::max(clock, at - milliseconds(1));
    reading.now = std::max(clock, at);
    reading.recorded_at = e.recorded_at;
    clock = reading.now;
    take(static_cast<const event&>(e), reading);
  }
  clock_reading today;
  today.wall = settings.wall;
  today.before = today.now = today.recorded_at = std::max(clock, settings.now);
  take(std::nullopt, today);
  return found;
}

struct difference {
  json_writer json;
  std::uint64_t total = 0;
  difference() { json.begin_array(); }
  void add(const std::string& entry, std::size_t most) {
    if (total++ < most) json.raw(entry);
  }
};

}  // namespace

std::optional<std::string> try_rule(const eventstore::kv_reader& views, const eventstore::log& log, const rules::rule_set& changed,
                                    std::string_view rule_id, const trial_settings& settings) {
  const clocks ran(log);
  difference raised, dropped;
  std::uint64_t unchanged = 0, projects = 0;
  project_id after;
  for (auto ids = projects_after(views, after, projects_at_once); !ids.empty(); ids = projects_after(views, after, projects_at_once)) {
    for (const auto& id : ids) {
      if (settings.should_stop && settings.should_stop()) return std::nullopt;
      std::vector<recorded_event> stream;
      log.read_stream(stream_id::of(id), {1}, [&](const recorded_event& e) {
        stream.push_back(e);
        return true;
      });
      findings was;
      for (const auto& e : stream) note(was, e, id, rule_id, settings.since);
      const auto would = decide_again(stream, id, changed, rule_id, ran, settings);
      for (const auto& [key, entry] : would) {
        if (was.contains(key)) ++unchanged;
        else raised.add(entry, settings.most);
      }
      for (const auto& [key, entry] : was)
        if (!would.contains(key)) dropped.add(entry, settings.most);
      ++projects;
    }
    after = ids.back();
  }
  raised.json.end_array();
  dropped.json.end_array();
  json_writer json;
  json.begin_object().field("rule_id", rule_id).field_raw("raised", raised.json.view()).field_raw("dropped", dropped.json.view());
  json.field("unchanged", unchanged).field("raised_total", raised.total).field("dropped_total", dropped.total);
  json.field("projects", projects).end_object();
  return json.str();
}

}  // namespace plo::projections
