#include "domain/project/detect.hpp"

#include <algorithm>

#include "domain/project/conclude.hpp"
#include "domain/project/kept_facts.hpp"
#include "domain/project/payload.hpp"
#include "domain/project/stores.hpp"
#include "domain/rules/facts.hpp"

namespace plo {

namespace {

using rules::effective_rule;
using rules::project_facts;
using verb = rules::action::verb;

constexpr std::string_view escalation_role = "manager";

const anomaly* find_anomaly(const project_state& state, const anomaly_id& id) {
  const auto found = std::find_if(state.anomalies.begin(), state.anomalies.end(), [&](const anomaly& a) { return a.id == id; });
  return found == state.anomalies.end() ? nullptr : &*found;
}

const anomaly* find_anomaly(const project_state& state, std::string_view rule_id, const entity_key& about) {
  const auto found = std::find_if(state.anomalies.begin(), state.anomalies.end(),
                                  [&](const anomaly& a) { return a.rule_id == rule_id && a.is_about(about); });
  return found == state.anomalies.end() ? nullptr : &*found;
}

/// What made a rule fire: the input, or a deadline.
struct trigger_cause {
  instant happened{};                 // occurred_at of the event, or the deadline
  std::optional<instant> deadline;
};

class detection {
public:
  detection(derivation& out, const detection_input& with, std::vector<anomaly_id>& raised)
      : out_(out), with_(with), noticed_(with.noticed), raised_(raised) {}

  void immediate() {
    const auto& woken = with_.rules.on(canonical_type(out_.cause().type));
    if (woken.empty()) return;
    const event cause = out_.cause();
    const auto data = payload::of(cause, out_.settings());
    if (!data) return;
    const auto type = find_type(canonical_type(cause.type))->type;
    std::vector<std::string> triggered;
    for (const auto* entry : woken) {
      const auto rule = effective(*entry);
      if (!rule.active()) continue;
      for (const auto& e : judged_by(rule.definition().scope, state(), cause, *data)) {
        // Nobody waits for what was cancelled: only the cancellation itself may still mean something.
        if (is_cancelled(e) && type != event_type::order_cancelled && type != event_type::installation_cancelled) continue;
        auto facts = facts_about(rule, e);
        facts.about(cause, with_.before);
        facts.raised(triggered);
        if (!holds(rule, facts, e)) continue;
        trigger(rule, e, facts, {cause.occurred_at, {}});
        triggered.push_back(rule.definition().id);
      }
    }
  }

  void deadline(const appointment& passed) {
    const auto rule = effective(*passed.rule);
    const auto e = find_entity(passed.about, state());
    const auto facts = facts_about(rule, e);
    if (holds(rule, facts, e)) trigger(rule, e, facts, {passed.due, passed.due});
  }

  /// Deadlines whose anchor moved may pass again.
  void rearm() {
    const auto passed = state().passed_deadlines;
    for (const auto& p : passed) {
      const auto* entry = with_.rules.find(p.rule_id);
      if (entry == nullptr || !entry->rule->deadline) continue;
      if (due_again(*entry, p.about) == p.due) continue;
      json_writer w;
      w.begin_object().field("rule_id", p.rule_id).field("scope", to_string(p.about.scope));
      w.field("entity", name_of(find_entity(p.about, state()), state()));
      if (p.about.scope == event_scope::order) w.field("order_ref", p.about.name);
      w.field("due_at", p.due).end_object();
      out_.add(own_type::deadline_rearmed, w);
    }
  }

  /// An event from before a deadline that has passed without finding anything: would it have been found had the event come in time?
  void look_back() {
    if (with_.before == nullptr) return;
    // The deadline passes again, now: only what the event itself triggers is dated by it.
    noticed_ = with_.now;
    const auto occurred_at = out_.cause().occurred_at;
    const auto passed = state().passed_deadlines;
    for (const auto& p : passed) {
      if (p.due < occurred_at) continue;
      const auto* entry = with_.rules.find(p.rule_id);
      if (entry == nullptr) continue;
      const auto* known = find_anomaly(state(), p.rule_id, p.about);
      if (known != nullptr && !known->is_resolved()) continue;
      const auto rule = effective(*entry);
      if (!rule.active()) continue;
      const auto e = find_entity(p.about, state());
      const auto facts = facts_about(rule, e);
      if (!holds(rule, facts, e)) continue;
      project_facts earlier(*with_.before, out_.settings(), noticed_);
      const auto before = find_entity(p.about, *with_.before);
      earlier.about_rule(rule);
      earlier.about_entity(before);
      if (!holds(rule, earlier, before)) trigger(rule, e, facts, {p.due, p.due});
    }
  }

  void resolve() {
    // Resolving takes none away and adds none: the places stay.
    for (std::size_t i = 0; i < state().anomalies.size(); ++i) {
      if (state().anomalies[i].is_resolved() || !is_over(state().anomalies[i])) continue;
      const anomaly a = state().anomalies[i];
      const event& cause = out_.cause();
      const bool told = cause.kind == event_kind::source || cause.kind == event_kind::operator_;
      const bool late = told && a.cause_deadline && cause.occurred_at <= a.triggered_for;
      json_writer w;
      w.begin_object();
      write_identity(w, a.id, a.rule_id, a.severity);
      w.field("resolved_by", late ? "late_event" : "system").field("resolved_at", with_.now);
      if (late) w.field("late_event_id", cause.id);
      w.end_object();
      out_.add(own_type::anomaly_resolved, w);
      blocks_changed_ = blocks_changed_ || !a.blocks.empty();
    }
  }

  /// What was resolved in the same breath needs nobody.
  void request_notifications() {
    for (const auto& due : consequences_) {
      const auto* found = find_anomaly(state(), due.about);
      if (found == nullptr || found->is_resolved()) continue;
      const anomaly a = *found;
      std::vector<std::pair<verb, std::string>> told;
      for (const auto& action : due.actions) {
        if (action.what != verb::notify && action.what != verb::ticket) continue;
        const auto key = std::pair(action.what, action.to);
        if (std::find(told.begin(), told.end(), key) != told.end()) continue;
        told.push_back(key);
        request(a, action.what == verb::ticket ? "ticket" : "email", action.to, action.state, due.reason);
      }
      const bool escalates = std::any_of(due.actions.begin(), due.actions.end(), [](const auto& x) { return x.what == verb::escalate; });
      if (!escalates || a.escalated_at) continue;
      mark_escalated(a);
      if (std::find(told.begin(), told.end(), std::pair(verb::notify, std::string(escalation_role))) == told.end())
        request(a, "email", std::string(escalation_role), "", "escalated");
    }
  }

  void escalate(const anomaly_id& id) {
    const auto* found = find_anomaly(state(), id);
    if (found == nullptr || found->escalated_at) return;
    const anomaly a = *found;
    mark_escalated(a);
    request(a, "email", std::string(escalation_role), "", "escalated");
  }

  [[nodiscard]] bool blocks_changed() const { return blocks_changed_; }

private:
  struct consequence {
    anomaly_id about;
    std::string reason;
    std::vector<rules::action> actions;
  };

  [[nodiscard]] const project_state& state() const { return out_.state(); }
  [[nodiscard]] effective_rule effective(const rules::rule_entry& entry) const {
    return {entry, state().store_id.value ? *state().store_id.value : std::string_view(),
            state().project_type.value ? *state().project_type.value : std::string_view()};
  }
  [[nodiscard]] project_facts facts_about(const effective_rule& rule, const entity& e) const {
    project_facts facts(state(), out_.settings(), noticed_);
    facts.about_rule(rule);
    facts.about_entity(e);
    return facts;
  }

  /// Room for an evaluation; beyond it the heap is used.
  struct scratch {
    std::array<std::byte, 4096> room;
    std::pmr::monotonic_buffer_resource memory{room.data(), room.size()};
  };

  [[nodiscard]] rules::evaluation with_calendar(const effective_rule& rule, const project_facts& facts, const entity& e,
                                                rules::arena& memory) const {
    const auto* calendar = rule.definition().reads_calendar ? &rules::calendar_of(facts.state(), e.of_order, out_.settings()) : nullptr;
    return {facts, memory, zone_of(facts.state(), out_.settings()), calendar, nullptr};
  }
  [[nodiscard]] bool holds(const effective_rule& rule, const project_facts& facts, const entity& e) const {
    if (!rule.definition().when) return true;
    scratch s;
    return truthy(rule.definition().when->evaluate(with_calendar(rule, facts, e, s.memory)));
  }
  [[nodiscard]] std::string facts_read(const effective_rule& rule, const project_facts& facts, const entity& e) const {
    if (!rule.definition().when) return "[]";
    scratch s;
    std::pmr::vector<rules::fact_read> reads(&s.memory);
    auto with = with_calendar(rule, facts, e, s.memory);
    with.reads = &reads;
    (void)rule.definition().when->evaluate(with);
    return kept_facts(reads);
  }

  /// When the deadline of a rule is due now, whether it has passed or not.
  [[nodiscard]] std::optional<instant> due_again(const rules::rule_entry& entry, const entity_key& about) const {
    return rules::due_of(effective(entry), state(), find_entity(about, state()), out_.settings());
  }

  [[nodiscard]] bool is_over(const anomaly& a) const {
    const auto* entry = with_.rules.find(a.rule_id);
    if (entry == nullptr) return false;
    const auto rule = effective(*entry);
    const auto& definition = rule.definition();
    const auto e = find_entity(a.key(), state());
    if (is_cancelled(e)) return true;
    if (definition.deadline) {
      const auto due = rules::due_of(rule, state(), e, out_.settings());
      if (!due || *due > with_.now) return true;
    }
    auto facts = facts_about(rule, e);
    const event& cause = out_.cause();
    if (cause.kind == event_kind::source || cause.kind == event_kind::operator_) facts.about(cause, with_.before);
    facts.about_anomaly(a);
    if (definition.resolve_when) {
      scratch s;
      return truthy(definition.resolve_when->evaluate(with_calendar(rule, facts, e, s.memory)));
    }
    return definition.deadline && !holds(rule, facts, e);
  }

  void trigger(const effective_rule& rule, const entity& e, const project_facts& facts, const trigger_cause& cause) {
    const auto& definition = rule.definition();
    const auto* held = find_anomaly(state(), definition.id, key_of(e, state()));
    if (held != nullptr && !held->is_resolved()) return note_trigger(*held, cause);
    const auto read = facts_read(rule, facts, e);
    if (held != nullptr && noticed_ - held->last_triggered_at < definition.dedup) reopen(rule, *held, cause, read);
    else raise(rule, e, cause, read);
  }

  void note_trigger(const anomaly& a, const trigger_cause& cause) {
    json_writer w;
    w.begin_object();
    write_identity(w, a.id, a.rule_id, a.severity);
    w.field("occurrences", a.occurrences + 1);
    write_trigger(w, cause);
    w.end_object();
    out_.add(own_type::anomaly_triggered_again, w);
  }

  void reopen(const effective_rule& rule, const anomaly& a, const trigger_cause& cause, const std::string& facts) {
    const auto id = a.id;
    json_writer w;
    w.begin_object();
    write_identity(w, a.id, a.rule_id, rule.severity());
    w.field("rule_version", rule.entry().version).field("occurrences", a.occurrences + 1);
    write_trigger(w, cause);
    write_consequences(w, rule, facts);
    w.end_object();
    out_.add(own_type::anomaly_reopened, w);
    called(id, "reopened", rule);
  }

  void raise(const effective_rule& rule, const entity& e, const trigger_cause& cause, const std::string& facts) {
    const auto& definition = rule.definition();
    const auto key = key_of(e, state());
    const anomaly_id id{derive_uuid(out_.cause().id.value, fmt::format("anomaly:{}:{}", definition.id, key.name))};
    json_writer w;
    w.begin_object();
    write_identity(w, id, definition.id, rule.severity());
    w.field("rule_version", rule.entry().version).field("rule_name", definition.name);
    w.field("scope", to_string(definition.scope)).field("entity", name_of(e, state()));
    if (e.scope == event_scope::order && e.of_order != nullptr) w.field("order_ref", e.of_order->order_ref);
    w.field("raised_at", noticed_);
    w.key("cause").begin_object();
    if (cause.deadline) w.field("deadline", *cause.deadline);
    else w.field("event_id", out_.cause().id);
    w.end_object();
    write_trigger(w, cause);
    write_consequences(w, rule, facts);
    w.end_object();
    out_.add(own_type::anomaly_raised, w);
    called(id, "raised", rule);
  }

  void called(const anomaly_id& id, std::string reason, const effective_rule& rule) {
    raised_.push_back(id);
    consequences_.push_back({id, std::move(reason), rule.actions()});
    blocks_changed_ = blocks_changed_ || std::any_of(rule.actions().begin(), rule.actions().end(),
                                                     [](const rules::action& a) { return a.what == verb::block; });
  }

  static void write_identity(json_writer& w, const anomaly_id& id, std::string_view rule_id, event_severity severity) {
    w.field("anomaly_id", id).field("rule_id", rule_id).field("severity", to_string(severity));
  }
  void write_trigger(json_writer& w, const trigger_cause& cause) const {
    w.field("last_triggered_at", noticed_).field("triggered_for", cause.happened);
  }
  void write_consequences(json_writer& w, const effective_rule& rule, const std::string& facts) const {
    if (rule.definition().escalate_after) w.field("escalate_at", noticed_ + *rule.definition().escalate_after);
    w.key("blocks").begin_array();
    for (const auto& a : rule.actions())
      if (a.what == verb::block && a.step) w.value(to_string(*a.step));
    w.end_array();
    w.field_raw("facts", facts);
  }

  void mark_escalated(const anomaly& a) {
    json_writer w;
    w.begin_object();
    write_identity(w, a.id, a.rule_id, a.severity);
    w.field("tier", 1).field("to", escalation_role).field("escalated_at", noticed_).end_object();
    out_.add(own_type::anomaly_escalated, w);
  }

  void request(const anomaly& a, std::string_view channel, const std::string& to, const std::string& ticket_state,
               std::string_view reason) {
    json_writer w;
    const notification_id id{derive_uuid(a.id.value, fmt::format("{}:{}:{}:{}", out_.cause().id.to_string(), reason, channel, to))};
    w.begin_object().field("notification_id", id);
    write_identity(w, a.id, a.rule_id, a.severity);
    w.field("rule_version", a.rule_version).field("rule_name", a.rule_name);
    w.field("channel", channel).field("recipient", to).field("reason", reason);
    if (!ticket_state.empty()) w.field("state", ticket_state);
    w.field("scope", to_string(a.scope)).field("entity", a.entity).end_object();
    out_.add(own_type::notification_requested, w);
  }

  derivation& out_;
  const detection_input& with_;
  instant noticed_;
  std::vector<anomaly_id>& raised_;
  std::vector<consequence> consequences_;
  bool blocks_changed_ = false;
};

}  // namespace

bool detect_after_event(derivation& out, const detection_input& with, std::vector<anomaly_id>& raised) {
  detection d(out, with, raised);
  if (is_known_type(canonical_type(out.cause().type))) d.immediate();
  d.rearm();
  d.look_back();
  d.resolve();
  d.request_notifications();
  return d.blocks_changed();
}

bool detect_after_deadline(derivation& out, const detection_input& with, const appointment& passed, std::vector<anomaly_id>& raised) {
  detection d(out, with, raised);
  d.deadline(passed);
  d.resolve();
  d.request_notifications();
  return d.blocks_changed();
}

void escalate_overdue(derivation& out, const detection_input& with, const anomaly_id& id) {
  std::vector<anomaly_id> none;
  detection(out, with, none).escalate(id);
}

std::vector<entity> judged_by(event_scope scope, const project_state& state, const event& e, const payload& data) {
  const auto* known = find_type(canonical_type(e.type));
  const auto kind = known ? known->scope : event_scope::project;
  const auto concerned = orders_concerned(state, e, data);
  entity about{scope};
  if (kind == event_scope::lastmile) about.tour = lastmile_concerned(state, data->text("lastmile_id").value_or(""));
  if (kind == event_scope::installation) about.visit = installation_concerned(state, data->text("installation_id").value_or(""));
  if (scope == event_scope::lastmile && about.tour == nullptr) about.tour = current_lastmile(state);
  if (scope == event_scope::installation && about.visit == nullptr) about.visit = current_installation(state);
  if (scope != event_scope::order) {
    if (concerned.size() == 1) about.of_order = concerned.front();
    return {about};
  }
  std::vector<entity> each;
  const auto add = [&](const order& o) {
    about.of_order = &o;
    each.push_back(about);
  };
  for (const auto* o : concerned) add(*o);
  if (concerned.empty() && kind != event_scope::order)
    for (const auto& o : state.orders) add(o);
  return each;
}

bool needs_state_before(const rules::rule_set& rules, const project_state& state, const event& e) {
  const auto& woken = rules.on(canonical_type(e.type));
  if (std::any_of(woken.begin(), woken.end(), [](const auto* entry) { return entry->rule->reads_before; })) return true;
  return std::any_of(state.passed_deadlines.begin(), state.passed_deadlines.end(),
                     [&](const passed_deadline& p) { return p.due >= e.occurred_at; });
}

}  // namespace plo
