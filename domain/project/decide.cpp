#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/json.hpp"
#include "domain/event/catalogue.hpp"
#include "domain/event/upcast.hpp"
#include "domain/project/agenda.hpp"
#include "domain/project/conclude.hpp"
#include "domain/project/derivation.hpp"
#include "domain/project/detect.hpp"
#include "domain/project/project.hpp"

namespace plo {

namespace {

/// Absent is null here: what is not written is not there.
template <class T>
void field_if(json_writer& w, std::string_view name, const std::optional<T>& v) {
  if (v) w.field(name, *v);
}

bool same_but_steps(const order_conclusions& a, const order_conclusions& b) {
  return a.status == b.status && a.latest_eta == b.latest_eta && a.in_transit == b.in_transit && a.dispatched == b.dispatched &&
         a.arrived == b.arrived && a.delivered == b.delivered && a.last_shipment_event_at == b.last_shipment_event_at;
}

void derive_order(derivation& out, const order& o, const order_conclusions& now) {
  if (same_but_steps(o.concluded, now)) return;
  json_writer w;
  w.begin_object().field("order_ref", o.order_ref).field("status", to_string(now.status));
  field_if(w, "latest_eta", now.latest_eta);
  w.field("in_transit", now.in_transit).field("dispatched", now.dispatched).field("arrived", now.arrived);
  w.field("delivered", now.delivered);
  field_if(w, "last_shipment_event_at", now.last_shipment_event_at);
  w.end_object();
  out.add(own_type::order_recalculated, w);
}

void derive_consolidation(derivation& out, const consolidation_conclusions& now) {
  if (out.state().consolidation->concluded == now) return;
  json_writer w;
  w.begin_object().field("status", to_string(now.status));
  w.field_strings("orders_required", now.orders_required).field_strings("orders_arrived", now.orders_arrived);
  w.field_strings("orders_missing", now.orders_missing);
  field_if(w, "estimated_complete_date", now.estimated_complete_date);
  w.field("partial_delivery_approved", now.partial_delivery_approved).end_object();
  out.add(own_type::consolidation_recalculated, w);
}

void derive_project(derivation& out, const conclusions& now) {
  const auto& held = out.state();
  if (held.promised_delivery_date != now.promised_delivery_date || held.promised_installation_date != now.promised_installation_date) {
    json_writer w;
    w.begin_object();
    field_if(w, "promised_delivery_date", now.promised_delivery_date);
    field_if(w, "promised_installation_date", now.promised_installation_date);
    w.end_object();
    out.add(own_type::project_recalculated, w);
  }
  if (held.auto_closed_at != now.auto_closed_at) {
    json_writer w;
    const bool ordered = canonical_type(out.cause().type) == "order.confirmed";
    w.begin_object().field("reason", now.auto_closed_at ? "automatic" : ordered ? "order_confirmed" : "late_event");
    field_if(w, "closed_at", now.auto_closed_at);
    w.end_object();
    out.add(now.auto_closed_at ? own_type::project_closed : own_type::project_reopened, w);
  }
  if (held.status != now.status) {
    json_writer w;
    w.begin_object().field("from", to_string(held.status)).field("to", to_string(now.status)).field("reason", out.cause().type).end_object();
    out.add(own_type::project_status_changed, w);
  }
}

/// A project that somebody closed stays closed when something is ordered afterwards: operations have to know.
void tell_order_after_closing(derivation& out, std::uint64_t version) {
  const auto& state = out.state();
  if (!state.status_said.has() && !state.closed.has()) return;
  if (state.status != project_status::completed && state.status != project_status::cancelled) return;
  for (const auto& o : state.orders) {
    // Only the one that this input has confirmed, and not again.
    if (!is_required(o) || o.confirmed_version != version || (state.closed_at && *o.confirmed_at < *state.closed_at)) continue;
    json_writer w;
    w.begin_object().field("order_ref", o.order_ref).field("status", to_string(state.status));
    field_if(w, "closed_at", state.closed_at);
    w.end_object();
    out.add(own_type::order_after_closing, w);
    return;
  }
}

/// One event for all steps that an input changes.
class step_changes {
public:
  void compare(const std::vector<step>& held, const std::vector<step>& now, const order* of) {
    for (std::size_t i = 0; i < now.size() && i < held.size(); ++i) {
      const step& a = held[i];
      const step& b = now[i];
      if (a.status == b.status && a.expected_at == b.expected_at && a.started_at == b.started_at && a.completed_at == b.completed_at &&
          a.blocked_by == b.blocked_by)
        continue;
      if (!any_) w_.begin_object().key("changes").begin_array();
      any_ = true;
      w_.begin_object().field("step_type", to_string(b.type)).field("scope", to_string(scope_of(b.type)));
      if (of != nullptr) w_.field("order_ref", of->order_ref).field("order_id", of->id);
      w_.field("from", to_string(a.status)).field("status", to_string(b.status));
      field_if(w_, "expected_at", b.expected_at);
      field_if(w_, "started_at", b.started_at);
      field_if(w_, "completed_at", b.completed_at);
      if (!b.blocked_by.empty()) w_.field("blocked_by", b.blocked_by);
      w_.end_object();
    }
  }
  void finish(derivation& out) {
    if (!any_) return;
    w_.end_array().end_object();
    out.add(own_type::steps_changed, w_);
  }

private:
  json_writer w_;
  bool any_ = false;
};

void derive_steps(derivation& out, const conclusions& now) {
  const project_state& state = out.state();
  step_changes steps;
  steps.compare(state.steps, now.steps, nullptr);
  for (std::size_t i = 0; i < state.orders.size(); ++i) steps.compare(state.orders[i].concluded.steps, now.orders[i].steps, &state.orders[i]);
  steps.compare(state.installation_steps, now.installation_steps, nullptr);
  steps.finish(out);
}

void derive(derivation& out, const conclusions& now) {
  const project_state& state = out.state();
  for (std::size_t i = 0; i < state.orders.size(); ++i) derive_order(out, state.orders[i], now.orders[i]);
  if (now.consolidation) derive_consolidation(out, *now.consolidation);
  derive_project(out, now);
  derive_steps(out, now);
}

/// Events that only stand on the timeline leave the facts as they are.
bool may_change_facts(const event& e) {
  return e.kind == event_kind::operator_ || (e.kind == event_kind::source && is_known_type(canonical_type(e.type)));
}

/// One call of decide: the input, and the deadlines that pass around it.
class deciding {
public:
  deciding(decision& d, const domain_settings& settings, const rules::rule_set* rules, const clock_reading& clock)
      : d_(d), settings_(settings), rules_(rules), clock_(clock) {}

  void take(event input) {
    std::optional<project_state> before;
    if (rules_ != nullptr && needs_state_before(*rules_, d_.next, input)) before = d_.next;
    // What a rule finds is dated by the clock that its deadlines run on.
    const instant noticed = clock_.wall ? input.recorded_at : input.occurred_at;
    const bool changing = may_change_facts(input);
    d_.input_at = d_.events.size();
    const auto version = d_.next.events + 1;
    const bool confirms = canonical_type(input.type) == "order.confirmed";
    const auto not_applied = record(std::move(input));
    derivation out(d_, d_.input_at, settings_);
    if (!not_applied.empty()) out.add(own_type::not_applied, json_writer().begin_object().field("reason", not_applied).end_object());
    if (changing) derive(out, conclude(d_.next, settings_));
    if (confirms) tell_order_after_closing(out, version);
    if (rules_ == nullptr) return;
    const detection_input with{*rules_, before ? &*before : nullptr, noticed, clock_.now};
    if (detect_after_event(out, with, d_.raised)) derive_steps(out, conclude(d_.next, settings_));
  }

  /// Lets every deadline pass that is due at `limit` or before. On the event clock one that was known before passes at its own time.
  /// Throws when a deadline that has just passed is still due: it would pass for ever.
  void pass_deadlines(instant limit, bool known_before, const event& like) {
    if (rules_ == nullptr || !d_.next.exists) return;
    auto agenda = agenda_of(d_.next, *rules_, settings_);
    for (std::size_t at = 0;;) {
      if (at == agenda.size()) {
        d_.next_due.reset();
        return;
      }
      const appointment next = agenda[at];
      d_.next_due = next.due;
      if (next.due > limit) return;
      const auto events_before = d_.events.size();
      pass(next, clock_.wall || !known_before ? clock_.now : next.due, like);
      const bool found_nothing = d_.events.size() == events_before + 1;
      if (found_nothing && next.what == appointment::purpose::deadline && has_passed(next)) {
        ++at;  // nothing else has changed: hundreds of orders may have the same deadline
        continue;
      }
      agenda = agenda_of(d_.next, *rules_, settings_);
      at = 0;
      if (!agenda.empty() && agenda.front() == next)
        throw std::logic_error(fmt::format("the deadline of {} at {} has passed and is still due", next.rule ? next.rule->rule->id : next.anomaly.to_string(),
                                           format_instant(next.due)));
    }
  }

private:
  [[nodiscard]] bool has_passed(const appointment& due) const {
    const auto& passed = d_.next.passed_deadlines;
    return std::any_of(passed.begin(), passed.end(), [&](const passed_deadline& p) {
      return p.due == due.due && p.rule_id == due.rule->rule->id && p.about == due.about;
    });
  }

  std::string_view record(event input) {
    const auto not_applied = evolve(d_.next, input, settings_);
    d_.events.push_back(std::move(input));
    return not_applied;
  }

  void pass(const appointment& due, instant fired_at, const event& like) {
    using purpose = appointment::purpose;
    event e;
    e.kind = event_kind::clock;
    e.occurred_at = fired_at;
    e.recorded_at = like.recorded_at;
    json_writer w;
    w.begin_object();
    if (due.what == purpose::deadline) {
      e.type = own_type::deadline_passed;
      const auto& rule = *due.rule->rule;
      w.field("rule_id", rule.id).field("rule_version", due.rule->version).field("scope", to_string(rule.scope));
      w.field("entity", name_of(find_entity(due.about, d_.next), d_.next));
      if (rule.scope == event_scope::order) w.field("order_ref", due.about.name);
    } else {
      e.type = due.what == purpose::escalation ? own_type::escalation_due : own_type::snooze_ended;
      w.field("anomaly_id", due.anomaly);
    }
    w.field("due_at", due.due).field("fired_at", fired_at).end_object();
    e.data = w.str();
    // The place in the stream tells two of the same kind apart.
    e.id = {derive_uuid(d_.next.id.value, fmt::format("{}:{}:{}", d_.next.events, e.type, e.data))};
    const auto at = d_.events.size();
    record(std::move(e));
    derivation out(d_, at, settings_);
    const detection_input with{*rules_, nullptr, fired_at, std::max(fired_at, clock_.wall ? clock_.now : fired_at)};
    std::vector<anomaly_id> raised;
    if (due.what == purpose::escalation) return escalate_overdue(out, with, due.anomaly);
    if (due.what == purpose::deadline && detect_after_deadline(out, with, due, raised)) derive_steps(out, conclude(d_.next, settings_));
  }

  decision& d_;
  const domain_settings& settings_;
  const rules::rule_set* rules_;
  const clock_reading& clock_;
};

}  // namespace

decision decide(project_state state, project_id id, std::optional<event> input, const domain_settings& settings,
                const rules::rule_set* rules, const clock_reading& clock) {
  decision d;
  d.next = std::move(state);
  if (d.next.id.is_nil()) d.next.id = id;
  d.events.reserve(6);
  deciding all(d, settings, rules, clock);
  event like;
  like.recorded_at = input ? input->recorded_at : clock.recorded_at;
  all.pass_deadlines(clock.before, true, like);
  d.input_at = d.events.size();
  if (!input) return d;
  all.take(std::move(*input));
  all.pass_deadlines(clock.now, false, like);
  return d;
}

}  // namespace plo
