#include "projections/project/anomaly_detail.hpp"

#include <algorithm>
#include <map>

#include "domain/project/agenda.hpp"
#include "domain/project/conclude.hpp"
#include "domain/project/detect.hpp"
#include "domain/project/payload.hpp"
#include "domain/project/stores.hpp"
#include "domain/rules/facts.hpp"
#include "projections/project/anomaly_json.hpp"

namespace plo::projections {

namespace {

using rules::effective_rule;

std::optional<recorded_event> event_of_project(const eventstore::log& log, const project_id& project, const event_id& id) {
  std::optional<recorded_event> found;
  log.read_stream(stream_id::of(project), {1}, [&](const recorded_event& e) {
    if (e.id == id) found = e;
    return !found;
  });
  return found;
}

void write_facts(json_writer& json, std::span<const rules::fact_read> reads) {
  json.begin_array();
  for (const auto& read : reads) {
    json.begin_object().field("path", read.path).key("value");
    rules::write(json, read.read);
    json.end_object();
  }
  json.end_array();
}

/// The event that a rule was last woken by, and the state around it.
struct last_trigger {
  event what;
  project_state before, after;
  std::vector<std::string> raised;  // ids of the rules that it triggered, in their order
};

bool triggers_rule(const event& e) {
  return e.type == own_type::anomaly_raised || e.type == own_type::anomaly_reopened || e.type == own_type::anomaly_triggered_again;
}

std::string rule_of(const event& e) {
  const auto data = json_document::parse(e.data);
  return std::string(data ? json::get_string(data->root(), "rule_id").value_or("") : "");
}

class verdicts {
public:
  verdicts(const project_state& state, const domain_settings& settings, instant now) : state_(state), settings_(settings), now_(now) {}

  void write(json_writer& json, const rules::rule_entry& entry, const last_trigger* last) const {
    const effective_rule rule(entry, state_.store_id.value.value_or(""), state_.project_type.value.value_or(""));
    const auto& definition = rule.definition();
    json.begin_object();
    json.field("rule_id", definition.id).field("rule_version", entry.version).field("rule_name", definition.name);
    json.field("scope", to_string(definition.scope)).field("severity", to_string(rule.severity())).field("active", rule.active());
    if (definition.deadline) {
      json.key("judged").begin_array();
      for (const auto& e : entities_of(definition.scope, state_)) deadline_verdict(json, rule, e);
      json.end_array();
    } else {
      json.field_strings("waits_for", definition.on);
      json.key("judged").begin_array();
      if (last != nullptr) event_verdicts(json, rule, *last);
      json.end_array();
    }
    json.end_object();
  }

private:
  void deadline_verdict(json_writer& json, const effective_rule& rule, const entity& e) const {
    const auto due = rules::due_of(rule, state_, e, settings_);
    json.begin_object().field("entity", name_of(e, state_));
    json.field("due_at", due);
    std::optional<instant> passed;
    for (const auto& p : state_.passed_deadlines)
      if (p.rule_id == rule.definition().id && p.about == key_of(e, state_)) passed = p.fired_at;
    json.field("passed_at", passed);
    rules::project_facts facts(state_, settings_, now_);
    condition(json, rule, facts, state_, e);
    json.field("deadline", !rule.active() ? "inactive" : !due ? "no_anchor" : passed ? "passed" : "armed");
    found(json, rule, key_of(e, state_));
    json.end_object();
  }

  void event_verdicts(json_writer& json, const effective_rule& rule, const last_trigger& last) const {
    const auto data = payload::of(last.what, settings_);
    if (!data) return;
    for (const auto& e : judged_by(rule.definition().scope, last.after, last.what, *data)) {
      json.begin_object().field("entity", name_of(e, last.after));
      json.field("event_id", last.what.id).field("type", last.what.type).field("occurred_at", last.what.occurred_at);
      rules::project_facts facts(last.after, settings_, last.what.occurred_at);
      facts.about(last.what, &last.before);
      const auto earlier = std::find(last.raised.begin(), last.raised.end(), rule.definition().id);
      facts.raised(std::span(last.raised.begin(), earlier));
      condition(json, rule, facts, last.after, e);
      found(json, rule, key_of(e, last.after));
      json.end_object();
    }
  }

  void condition(json_writer& json, const effective_rule& rule, rules::project_facts& facts, const project_state& state, const entity& e) const {
    facts.about_rule(rule);
    facts.about_entity(e);
    bool met = true;
    std::pmr::monotonic_buffer_resource memory;
    const rules::evaluation with{facts, memory, zone_of(state, settings_), &rules::calendar_of(state, e.of_order, settings_), nullptr};
    json.key("parts").begin_array();
    if (rule.definition().when) {
      for (const auto& part : rule.definition().when->explain(with)) {
        const bool holds = rules::truthy(part.result);
        met = met && holds;
        json.begin_object().field_raw("when", part.definition).field("met", holds).key("facts");
        write_facts(json, part.reads);
        json.end_object();
      }
    }
    json.end_array().field("met", met);
  }

  void found(json_writer& json, const effective_rule& rule, const entity_key& about) const {
    json.key("anomaly");
    for (const auto& a : state_.anomalies) {
      if (a.rule_id != rule.definition().id || !a.is_about(about)) continue;
      write_anomaly(json, a, state_.id);
      return;
    }
    json.null();
  }

  const project_state& state_;
  const domain_settings& settings_;
  instant now_;
};

}  // namespace

std::optional<std::string> definition_at(const eventstore::log& log, std::string_view rule_id, std::uint32_t version) {
  rules::rule_set set;
  std::optional<std::string> found;
  log.read_stream(stream_id::rules(), {1}, [&](const recorded_event& e) {
    set.evolve(e);
    const auto* entry = set.find(rule_id);
    if (entry == nullptr || entry->version != version) return true;
    found = rules::to_json(*entry->rule);
    return false;
  });
  return found;
}

std::string explanation_of(const eventstore::log& log, const explained_anomaly& anomaly) {
  const auto definition = definition_at(log, anomaly.rule_id, anomaly.rule_version);
  json_writer explanation;
  explanation.begin_object();
  explanation.field_raw("rule", definition.value_or("null"));
  explanation.key("when");
  const auto rule = definition ? json_document::parse(*definition) : tl::unexpected(json_error{});
  if (rule && json::get(rule->root(), "when")) explanation.raw(simdjson::to_string(*json::get(rule->root(), "when")));
  else explanation.null();
  explanation.field_raw("facts", anomaly.facts);
  const auto found = anomaly.cause_event ? event_of_project(log, anomaly.project, *anomaly.cause_event) : std::nullopt;
  explanation.field_raw("event", found ? to_json(*found) : "null");
  explanation.field("deadline", anomaly.cause_deadline);
  return explanation.end_object().str();
}

std::optional<std::string> explain_anomaly(const row_reader& views, const eventstore::log& log, const anomaly_id& id) {
  const auto row = find_anomaly(views, id);
  if (!row) return std::nullopt;
  const auto document = json_document::parse(row->json);
  explained_anomaly explained{row->project, std::string(json::get_string(document->root(), "rule_id").value_or("")),
                              static_cast<std::uint32_t>(json::get_number(document->root(), "rule_version").value_or(0)), row->facts, {}, {}};
  if (const auto cause = json::get(document->root(), "cause")) {
    explained.cause_event = event_id::parse(json::get_string(*cause, "event_id").value_or(""));
    if (const auto deadline = json::get_string(*cause, "deadline")) explained.cause_deadline = *deadline;
  }
  return row->json.substr(0, row->json.size() - 1) + R"(,"explanation":)" + explanation_of(log, explained) + "}";
}

std::optional<std::string> why_not(const eventstore::log& log, const project_id& id, const rules::rule_set& rules,
                                   const domain_settings& settings, instant now, std::string_view rule_id) {
  // Twice over the stream: first which events woke rules last, then the states around those.
  std::map<std::string, stream_version, std::less<>> last_of_type;
  log.read_stream(stream_id::of(id), {1}, [&](const recorded_event& e) {
    if (e.kind == event_kind::source) last_of_type[std::string(canonical_type(e.type))] = e.version;
    return true;
  });
  std::map<std::uint64_t, last_trigger> triggers;
  for (const auto& [type, version] : last_of_type)
    if (!rules.on(type).empty()) triggers.emplace(version.value, last_trigger{});
  project_state state;
  state.id = id;
  auto waiting = triggers.end();  // its conclusions are being folded
  log.read_stream(stream_id::of(id), {1}, [&](const recorded_event& e) {
    if (waiting != triggers.end() && e.causation_id != waiting->second.what.id) {
      waiting->second.after = state;
      waiting = triggers.end();
    }
    if (waiting != triggers.end() && triggers_rule(e)) waiting->second.raised.push_back(rule_of(e));
    if (const auto found = triggers.find(e.version.value); found != triggers.end()) {
      found->second.before = state;
      found->second.what = e;
      waiting = found;
    }
    evolve(state, e, settings);
    return true;
  });
  if (waiting != triggers.end()) waiting->second.after = state;
  if (!state.exists) return std::nullopt;

  const verdicts all(state, settings, now);
  json_writer json;
  json.begin_object().field("project_id", id).key("items").begin_array();
  for (const auto& [known, entry] : rules.all()) {
    if (!rule_id.empty() && known != rule_id) continue;
    const last_trigger* last = nullptr;
    for (const auto& type : entry->rule->on) {
      const auto seen = last_of_type.find(type);
      if (seen == last_of_type.end()) continue;
      const auto& candidate = triggers.at(seen->second.value);
      if (last == nullptr || candidate.what.occurred_at >= last->what.occurred_at) last = &candidate;
    }
    all.write(json, *entry, last);
  }
  json.end_array().end_object();
  return json.str();
}

}  // namespace plo::projections
