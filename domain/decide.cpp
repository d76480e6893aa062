#include <utility>

#include "domain/catalogue.hpp"
#include "domain/conclude.hpp"
#include "domain/json.hpp"
#include "domain/project.hpp"
#include "domain/upcast.hpp"

namespace plo {

namespace {

/// Collects what follows from one input, and folds each event as it is added.
class derivation {
public:
  derivation(decision& into, const domain_settings& settings) : into_(into), settings_(settings) {}

  void add(std::string_view type, const json_writer& data) {
    const event& input = into_.events.front();
    event e;
    e.id = {derive_uuid(input.id.value, fmt::format("{}:{}", into_.events.size(), type))};
    e.type = type;
    e.kind = event_kind::derived;
    e.occurred_at = input.occurred_at;
    e.recorded_at = input.recorded_at;
    e.causation_id = input.id;
    e.correlation_id = input.correlation_id;
    e.data = data.str();
    // The state after is what a replay of the stored events gives, by construction.
    evolve(into_.next, e, settings_);
    into_.events.push_back(std::move(e));
  }

  [[nodiscard]] const std::string& cause() const { return into_.events.front().type; }
  [[nodiscard]] const project_state& state() const { return into_.next; }

private:
  decision& into_;
  const domain_settings& settings_;
};

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
    w.begin_object().field("reason", now.auto_closed_at ? "automatic" : "late_event");
    field_if(w, "closed_at", now.auto_closed_at);
    w.end_object();
    out.add(now.auto_closed_at ? own_type::project_closed : own_type::project_reopened, w);
  }
  if (held.status != now.status) {
    json_writer w;
    w.begin_object().field("from", to_string(held.status)).field("to", to_string(now.status)).field("reason", out.cause()).end_object();
    out.add(own_type::project_status_changed, w);
  }
}

/// One event for all steps that an input changes.
class step_changes {
public:
  void compare(const std::vector<step>& held, const std::vector<step>& now, const order* of) {
    for (std::size_t i = 0; i < now.size() && i < held.size(); ++i) {
      const step& a = held[i];
      const step& b = now[i];
      if (a.status == b.status && a.expected_at == b.expected_at && a.started_at == b.started_at && a.completed_at == b.completed_at) continue;
      if (!any_) w_.begin_object().key("changes").begin_array();
      any_ = true;
      w_.begin_object().field("step_type", to_string(b.type)).field("scope", to_string(scope_of(b.type)));
      if (of != nullptr) w_.field("order_ref", of->order_ref).field("order_id", of->id);
      w_.field("from", to_string(a.status)).field("status", to_string(b.status));
      field_if(w_, "expected_at", b.expected_at);
      field_if(w_, "started_at", b.started_at);
      field_if(w_, "completed_at", b.completed_at);
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

void derive(derivation& out, const conclusions& now) {
  const project_state& state = out.state();
  for (std::size_t i = 0; i < state.orders.size(); ++i) derive_order(out, state.orders[i], now.orders[i]);
  if (now.consolidation) derive_consolidation(out, *now.consolidation);
  derive_project(out, now);
  step_changes steps;
  steps.compare(state.steps, now.steps, nullptr);
  for (std::size_t i = 0; i < state.orders.size(); ++i) steps.compare(state.orders[i].concluded.steps, now.orders[i].steps, &state.orders[i]);
  if (state.installation) steps.compare(state.installation->steps, now.installation_steps, nullptr);
  steps.finish(out);
}

/// Events that only stand on the timeline leave the facts as they are.
bool may_change_facts(const event& e) {
  return e.kind == event_kind::operator_ || (e.kind == event_kind::source && is_known_type(canonical_type(e.type)));
}

}  // namespace

decision decide(project_state state, project_id id, event input, const domain_settings& settings) {
  decision d;
  d.next = std::move(state);
  if (d.next.id.is_nil()) d.next.id = id;
  evolve(d.next, input, settings);
  d.events.reserve(5);
  const bool changing = may_change_facts(input);
  d.events.push_back(std::move(input));
  if (changing) {
    derivation out(d, settings);
    derive(out, conclude(d.next, settings));
  }
  return d;
}

}  // namespace plo
