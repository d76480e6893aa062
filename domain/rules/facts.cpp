#include <algorithm>
#include <memory_resource>

#include "domain/rules/facts_tell.hpp"

#include "domain/project/conclude.hpp"
#include "domain/project/consent.hpp"

namespace plo::rules {

namespace tell {

namespace {

using t = event_type;

constexpr field<consolidation> consolidation_fields[] = {
    {"consolidation_id", [](const consolidation& c, const surroundings&) { return text(c.consolidation_id); }},
    {"station_id", [](const consolidation& c, const surroundings&) { return text(c.station_id.value); }},
    {"station_name", [](const consolidation& c, const surroundings&) { return text(c.station_name.value); }},
    {"status", [](const consolidation& c, const surroundings&) { return value::of(to_string(c.concluded.status)); }},
    {"opened_at", [](const consolidation& c, const surroundings&) { return value::of(c.opened_at); }},
    {"complete", [](const consolidation& c, const surroundings&) { return value::of(c.concluded.status == consolidation_status::complete); }},
    {"partial_approved", [](const consolidation& c, const surroundings&) { return value::of(c.concluded.partial_delivery_approved); }},
    {"partial_approved_at", [](const consolidation& c, const surroundings& w) {
       return c.concluded.partial_delivery_approved ? value::of(time_of(consent_of(w.state).since)) : value();
     }},
    {"orders_required", [](const consolidation& c, const surroundings& w) { return texts(c.concluded.orders_required, w.memory); }},
    {"orders_arrived", [](const consolidation& c, const surroundings& w) { return texts(c.concluded.orders_arrived, w.memory); }},
    {"orders_missing", [](const consolidation& c, const surroundings& w) { return texts(c.concluded.orders_missing, w.memory); }},
    {"estimated_complete_date", [](const consolidation& c, const surroundings&) { return value::of(c.concluded.estimated_complete_date); }},
};

/// Whether every order that the tour was to carry is delivered: those confirmed by the time it ended, but for the ones it was to leave out.
bool orders_delivered(const project_state& state, const lastmile& l) {
  bool any = false;
  for (const auto& o : state.orders) {
    if (!is_required(o) || (l.last_closing && *o.confirmed() > *l.last_closing)) continue;
    const auto& left_out = l.missing_order_ids.value;
    if (left_out && std::find(left_out->begin(), left_out->end(), o.order_ref) != left_out->end()) continue;
    any = true;
    if (!delivered(state, o)) return false;
  }
  return any || delivered_whole(state, l);
}

constexpr field<lastmile> lastmile_fields[] = {
    {"lastmile_id", [](const lastmile& l, const surroundings&) { return text(l.lastmile_id); }},
    {"status", [](const lastmile& l, const surroundings&) { return value::of(to_string(l.status.value.value_or(lastmile_status::pending))); }},
    {"carrier", [](const lastmile& l, const surroundings&) { return text(l.carrier.value); }},
    {"slot_start", [](const lastmile& l, const surroundings&) { return value::of(l.slot_start.value); }},
    {"slot_end", [](const lastmile& l, const surroundings&) { return value::of(l.slot_end.value); }},
    {"previous_slot_start", [](const lastmile& l, const surroundings&) { return value::of(l.previous_slot_start); }},
    {"slot_set_at", [](const lastmile& l, const surroundings&) { return value::of(time_of(l.slot_set)); }},
    {"ever_scheduled", [](const lastmile& l, const surroundings&) { return value::of(l.ever_scheduled); }},
    {"is_partial", [](const lastmile& l, const surroundings&) { return value::of(l.is_partial.value.value_or(false)); }},
    {"missing_order_ids", [](const lastmile& l, const surroundings& w) {
       return l.missing_order_ids.has() ? texts(*l.missing_order_ids.value, w.memory) : value();
     }},
    {"delivered", [](const lastmile& l, const surroundings& w) { return value::of(delivered_whole(w.state, l)); }},
    {"orders_delivered", [](const lastmile& l, const surroundings& w) { return value::of(orders_delivered(w.state, l)); }},
    {"consented_at", [](const lastmile& l, const surroundings& w) { return value::of(time_of(consented(w.state, l))); }},
    {"delivered_at", [](const lastmile& l, const surroundings&) { return value::of(l.delivered_at); }},
    {"closed_at", [](const lastmile& l, const surroundings&) { return value::of(time_of(l.closed())); }},
    {"pod_url", [](const lastmile& l, const surroundings&) { return text(l.pod_url.value); }},
};

constexpr field<installation> installation_fields[] = {
    {"installation_id", [](const installation& i, const surroundings&) { return text(i.installation_id); }},
    {"status", [](const installation& i, const surroundings&) { return i.status.has() ? value::of(to_string(*i.status.value)) : value(); }},
    {"installer_id", [](const installation& i, const surroundings&) { return text(i.installer_id.value); }},
    {"technician_id", [](const installation& i, const surroundings&) { return text(i.technician_id.value); }},
    {"scheduled_start", [](const installation& i, const surroundings&) { return value::of(i.scheduled_start.value); }},
    {"scheduled_end", [](const installation& i, const surroundings&) { return value::of(i.scheduled_end.value); }},
    {"started_at", [](const installation& i, const surroundings&) { return value::of(i.started_at); }},
    {"completed_at", [](const installation& i, const surroundings&) { return value::of(i.completed_at); }},
    {"report_submitted_at", [](const installation& i, const surroundings&) { return value::of(i.report_submitted_at); }},
    {"closed_at", [](const installation& i, const surroundings&) { return value::of(time_of(i.closed)); }},
};

std::optional<instant> first_of(const project_state& p, std::initializer_list<t> types) {
  std::optional<instant> first;
  for (const auto type : types)
    if (const auto at = p.seen.first(type)) keep_earliest(first, *at);
  return first;
}

/// True or false when it is known; the project's own word is overruled by an order that needs installing.
std::optional<bool> installation_wanted(const project_state& p) {
  if (installation_required(p)) return true;
  return p.installation_required.value;
}

/// The orders that somebody waits for and for which no tour is set.
value orders_without_tour(const project_state& p, arena& memory) {
  std::pmr::vector<value> refs(&memory);
  for (const auto& o : p.orders)
    if (is_required(o) && !delivered(p, o) && !slot_of(p, o)) refs.push_back(value::of(std::string_view(o.order_ref)));
  return value::of(make_list<value>(refs.size(), memory, [&](std::size_t i) { return refs[i]; }));
}

constexpr field<project_state> project_fields[] = {
    {"project_id", [](const project_state& p, const surroundings& w) { return value::of(copy_text(p.id.to_string(), w.memory)); }},
    {"project_refs", [](const project_state& p, const surroundings& w) { return texts(p.project_refs, w.memory); }},
    {"status", [](const project_state& p, const surroundings&) { return value::of(to_string(p.status)); }},
    {"project_type", [](const project_state& p, const surroundings&) { return text(p.project_type.value); }},
    {"channel_origin", [](const project_state& p, const surroundings&) { return text(p.channel_origin.value); }},
    {"store_id", [](const project_state& p, const surroundings&) { return text(p.store_id.value); }},
    {"customer_id", [](const project_state& p, const surroundings&) { return text(p.customer_id.value); }},
    {"assigned_to", [](const project_state& p, const surroundings&) { return text(p.assigned_to); }},
    {"metadata", [](const project_state& p, const surroundings& w) { return json_text(p.metadata.value, w.memory); }},
    {"created_at", [](const project_state& p, const surroundings&) { return value::of(p.created_at); }},
    {"closed_at", [](const project_state& p, const surroundings&) { return value::of(p.closed_at); }},
    {"installation_required", [](const project_state& p, const surroundings&) { return value::of(installation_wanted(p)); }},
    {"promised_delivery_date", [](const project_state& p, const surroundings&) { return value::of(p.promised_delivery_date); }},
    {"promised_installation_date", [](const project_state& p, const surroundings&) { return value::of(p.promised_installation_date); }},
    {"inspiration_completed_at", [](const project_state& p, const surroundings&) {
       return value::of(first_of(p, {t::inspiration_completed, t::inspiration_converted}));
     }},
    {"quote_created_at", [](const project_state& p, const surroundings&) {
       return value::of(first_of(p, {t::quote_products_created, t::quote_products_sent, t::quote_products_accepted, t::quote_products_expired}));
     }},
    {"quote_accepted_at", [](const project_state& p, const surroundings&) { return value::of(p.seen.first(t::quote_products_accepted)); }},
    {"accepted_quotes", [](const project_state& p, const surroundings& w) { return texts(p.accepted_quotes, w.memory); }},
    {"quote_installation_created_at", [](const project_state& p, const surroundings&) {
       return value::of(first_of(p, {t::quote_installation_created, t::quote_installation_sent, t::quote_installation_accepted}));
     }},
    {"survey_sent_at", [](const project_state& p, const surroundings&) { return value::of(p.seen.last(t::quality_survey_sent)); }},
    {"survey_completed_at", [](const project_state& p, const surroundings&) { return value::of(p.seen.last(t::quality_survey_completed)); }},
    {"survey_score", [](const project_state& p, const surroundings&) { return value::of(p.survey_score); }},
    {"survey_scale", [](const project_state& p, const surroundings&) { return value::of(p.survey_scale); }},
    {"delivered", [](const project_state& p, const surroundings&) { return value::of(delivered(p).has_value()); }},
    {"delivered_at", [](const project_state& p, const surroundings&) { return value::of(time_of(delivered(p))); }},
    {"orders_without_tour", [](const project_state& p, const surroundings& w) { return orders_without_tour(p, w.memory); }},
    {"orders", [](const project_state& p, const surroundings& w) { return order_list(p.orders, w); }},
    {"lastmiles", [](const project_state& p, const surroundings& w) { return list_of(p.lastmiles, lastmile_fields, w); }},
    {"installations", [](const project_state& p, const surroundings& w) { return list_of(p.installations, installation_fields, w); }},
};

/// The moment of the anomaly's last trigger: of equal times what arrived later came after it.
sighted triggered(const anomaly& a) { return {a.triggered_for, a.triggered_by_version}; }

/// Whether an event of a type was seen after the anomaly's last trigger: at its own entity, where the event is of that kind.
bool followed_by(const anomaly& a, const project_state& state, const entity& e, std::string_view type) {
  const auto* known = find_type(type);
  if (known == nullptr) return false;
  const auto* seen = &state.seen;
  if (known->scope == event_scope::order && e.of_order != nullptr) seen = &e.of_order->seen;
  if (known->scope == event_scope::lastmile && e.tour != nullptr) seen = &e.tour->seen;
  if (known->scope == event_scope::installation && e.visit != nullptr) seen = &e.visit->seen;
  const auto last = seen->last_of(known->type);
  return last && *last > triggered(a);
}

value anomaly_fact(const anomaly& a, const project_state& state, const entity& e, fact_path path) {
  if (path.empty()) return {};
  const auto name = path.front();
  if (name == "followed_by" && path.size() == 3)
    return value::of(followed_by(a, state, e, std::string(path[1]) + "." + std::string(path[2])));
  if (path.size() > 1) return {};
  if (name == "raised_at") return value::of(a.raised_at);
  if (name == "last_triggered_at") return value::of(a.last_triggered_at);
  if (name == "occurrences") return number(a.occurrences);
  if (name == "status") return value::of(to_string(a.status));
  // Its own tour has got a slot since, or one that had none before.
  if (name == "slot_set_after") return value::of(e.tour != nullptr && e.tour->slot_set && *e.tour->slot_set > triggered(a));
  if (name == "later_tour_set")
    return value::of(std::any_of(state.lastmiles.begin(), state.lastmiles.end(),
                                 [&](const lastmile& l) { return &l != e.tour && l.first_slot && *l.first_slot > triggered(a); }));
  // A visit scheduled after its own was completed.
  if (name == "later_visit_completed")
    return value::of(std::any_of(state.installations.begin(), state.installations.end(), [&](const installation& i) {
      if (&i == e.visit || !i.completed_at || i.is_cancelled()) return false;
      const bool later = e.visit != nullptr && e.visit->scheduled_start.has() && i.scheduled_start.has() && *i.scheduled_start.value > *e.visit->scheduled_start.value;
      return later || (i.first_scheduled_at && *i.first_scheduled_at > a.triggered_for);
    }));
  return {};
}

}  // namespace

value state_fact(const project_state& state, const entity& e, std::string_view root, fact_path rest, const surroundings& with) {
  if (root == "project") return pick(state, project_fields, rest, with);
  if (root == "order") return e.of_order ? order_fact(*e.of_order, rest, with) : value();
  if (root == "consolidation") return state.consolidation ? pick(*state.consolidation, consolidation_fields, rest, with) : value();
  if (root == "lastmile") {
    const auto* l = e.tour ? e.tour : current_lastmile(state);
    return l ? pick(*l, lastmile_fields, rest, with) : value();
  }
  if (root == "installation") {
    const auto* i = e.visit ? e.visit : current_installation(state);
    return i ? pick(*i, installation_fields, rest, with) : value();
  }
  if (root == "steps") return step_fact(state.steps, &state.installation_steps, rest, with);
  return {};
}

}  // namespace tell

using namespace tell;

value project_facts::get(fact_path path, arena& memory) const {
  const surroundings with{*state_, *settings_, memory};
  if (path.empty()) return {};
  const auto root = path.front();
  const auto rest = path.subspan(1);
  if (root == "event") return event_fact(rest, memory);
  if (root == "now") return rest.empty() ? value::of(now_) : value();
  if (root == "params") {
    if (rule_ == nullptr) return {};
    return rest.empty() ? rule_->params(memory) : walk(rule_->param(rest.front()), rest.subspan(1), memory);
  }
  if (root == "anomaly") return anomaly_ ? anomaly_fact(*anomaly_, *state_, entity_, rest) : value();
  return state_fact(*state_, entity_, root, rest, with);
}

value project_facts::event_fact(fact_path path, arena& memory) const {
  if (event_ == nullptr || path.empty()) return {};
  const auto name = path.front();
  if (name == "payload") return payload_fact(path.subspan(1), memory);
  if (name == "before") {
    if (before_ == nullptr || path.size() < 2) return {};
    return state_fact(*before_, as_before(), path[1], path.subspan(2), {*before_, *settings_, memory});
  }
  if (path.size() > 1) return {};
  if (name == "type") return text(canonical_type(event_->type));
  if (name == "occurred_at") return value::of(event_->occurred_at);
  if (name == "recorded_at") return value::of(event_->recorded_at);
  if (name == "event_id") return value::of(copy_text(event_->id.to_string(), memory));
  if (name == "kind") return value::of(to_string(event_->kind));
  if (name == "source") return text(event_->source);
  if (name == "source_ref") return text(event_->source_ref);
  if (name == "project_ref") return text(event_->project_ref);
  if (name == "order_ref") return text(event_->order_ref);
  if (name == "operator_id") return text(event_->operator_id);
  if (name == "comment") return text(event_->comment);
  if (name == "raised")
    return value::of(make_list<value>(raised_.size(), memory, [&](std::size_t i) { return value::of(std::string_view(raised_[i])); }));
  return {};
}

entity project_facts::as_before() const {
  entity e{entity_.scope};
  if (entity_.of_order != nullptr) e.of_order = before_->find_order(entity_.of_order->order_ref);
  if (entity_.tour != nullptr) e.tour = find_entity(key_of({event_scope::lastmile, nullptr, entity_.tour}, *state_), *before_).tour;
  if (entity_.visit != nullptr) e.visit = find_entity(key_of({event_scope::installation, nullptr, nullptr, entity_.visit}, *state_), *before_).visit;
  return e;
}

value project_facts::payload_fact(fact_path path, arena& memory) const {
  if (!payload_) {
    auto parsed = json_document::parse(event_->data);
    if (!parsed) return {};
    payload_.emplace(std::move(*parsed));
  }
  json::element at = payload_->root();
  while (!path.empty() && at.is_object()) {
    const auto next = json::get(at, path.front());
    if (!next) return {};
    at = *next;
    path = path.subspan(1);
  }
  return walk(from_json(at, memory), path, memory);
}

}  // namespace plo::rules
