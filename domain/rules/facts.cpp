#include "domain/rules/facts_tell.hpp"

#include "domain/conclude.hpp"

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
    {"partial_approved_at", [](const consolidation& c, const surroundings&) {
       return c.concluded.partial_delivery_approved ? value::of(c.partial_approved_at) : value();
     }},
    {"orders_required", [](const consolidation& c, const surroundings& w) { return texts(c.concluded.orders_required, w.memory); }},
    {"orders_arrived", [](const consolidation& c, const surroundings& w) { return texts(c.concluded.orders_arrived, w.memory); }},
    {"orders_missing", [](const consolidation& c, const surroundings& w) { return texts(c.concluded.orders_missing, w.memory); }},
    {"estimated_complete_date", [](const consolidation& c, const surroundings&) { return value::of(c.concluded.estimated_complete_date); }},
};

constexpr field<lastmile> lastmile_fields[] = {
    {"lastmile_id", [](const lastmile& l, const surroundings&) { return text(l.lastmile_id); }},
    {"status", [](const lastmile& l, const surroundings&) { return value::of(to_string(l.status.value.value_or(lastmile_status::pending))); }},
    {"carrier", [](const lastmile& l, const surroundings&) { return text(l.carrier.value); }},
    {"slot_start", [](const lastmile& l, const surroundings&) { return value::of(l.slot_start.value); }},
    {"slot_end", [](const lastmile& l, const surroundings&) { return value::of(l.slot_end.value); }},
    {"previous_slot_start", [](const lastmile& l, const surroundings&) { return value::of(l.previous_slot_start); }},
    {"slot_set_at", [](const lastmile& l, const surroundings&) { return value::of(l.slot_set_at); }},
    {"ever_scheduled", [](const lastmile& l, const surroundings&) { return value::of(l.ever_scheduled); }},
    {"is_partial", [](const lastmile& l, const surroundings&) { return value::of(l.is_partial.value.value_or(false)); }},
    {"missing_order_ids", [](const lastmile& l, const surroundings& w) {
       return l.missing_order_ids.has() ? texts(*l.missing_order_ids.value, w.memory) : value();
     }},
    {"delivered", [](const lastmile& l, const surroundings&) { return value::of(l.delivered); }},
    {"delivered_at", [](const lastmile& l, const surroundings&) { return value::of(l.delivered_at); }},
    {"closed_at", [](const lastmile& l, const surroundings&) { return value::of(l.closed_at); }},
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
    {"closed_at", [](const installation& i, const surroundings&) { return value::of(i.closed_at); }},
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
    {"orders", [](const project_state& p, const surroundings& w) { return order_list(p.orders, w); }},
};

/// Whether an event of a type was seen after the anomaly's last trigger; of equal times the one that arrived later counts.
bool followed_by(const anomaly& a, const project_state& state, const order* o, std::string_view type) {
  const auto* known = find_type(type);
  if (known == nullptr) return false;
  const auto& seen = known->scope == event_scope::order && o != nullptr ? o->seen : state.seen;
  const auto last = seen.last_of(known->type);
  if (!last) return false;
  return last->at > a.triggered_for || (last->at == a.triggered_for && last->version > a.triggered_by_version);
}

value anomaly_fact(const anomaly& a, const project_state& state, const order* o, fact_path path) {
  if (path.empty()) return {};
  const auto name = path.front();
  if (name == "followed_by" && path.size() == 3)
    return value::of(followed_by(a, state, o, std::string(path[1]) + "." + std::string(path[2])));
  if (path.size() > 1) return {};
  if (name == "raised_at") return value::of(a.raised_at);
  if (name == "last_triggered_at") return value::of(a.last_triggered_at);
  if (name == "occurrences") return number(a.occurrences);
  if (name == "status") return value::of(to_string(a.status));
  return {};
}

}  // namespace

value state_fact(const project_state& state, const order* o, std::string_view root, fact_path rest, const surroundings& with) {
  if (root == "project") return pick(state, project_fields, rest, with);
  if (root == "order") {
    return o ? order_fact(*o, rest, with) : value();
  }
  if (root == "consolidation") return state.consolidation ? pick(*state.consolidation, consolidation_fields, rest, with) : value();
  if (root == "lastmile") return state.lastmile ? pick(*state.lastmile, lastmile_fields, rest, with) : value();
  if (root == "installation") return state.installation ? pick(*state.installation, installation_fields, rest, with) : value();
  if (root == "steps")
    return step_fact(state.steps, state.installation ? &state.installation->steps : nullptr, rest, with);
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
  if (root == "anomaly") return anomaly_ ? anomaly_fact(*anomaly_, *state_, order_, rest) : value();
  return state_fact(*state_, order_, root, rest, with);
}

value project_facts::event_fact(fact_path path, arena& memory) const {
  if (event_ == nullptr || path.empty()) return {};
  const auto name = path.front();
  if (name == "payload") return payload_fact(path.subspan(1), memory);
  if (name == "before") {
    if (before_ == nullptr || path.size() < 2) return {};
    const order* o = order_ ? before_->find_order(order_->order_ref) : nullptr;
    return state_fact(*before_, o, path[1], path.subspan(2), {*before_, *settings_, memory});
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
