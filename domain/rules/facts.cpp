#include "domain/rules/facts.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <type_traits>

#include "domain/conclude.hpp"

namespace plo::rules {

namespace {

using t = event_type;

/// What a getter may need beside the thing itself.
struct surroundings {
  const project_state& state;
  const domain_settings& settings;
  arena& memory;
};

template <class T>
struct field {
  std::string_view name;
  value (*get)(const T&, const surroundings&);
};

template <class T, class Fill>
std::span<const T> make_list(std::size_t size, arena& memory, Fill fill) {
  if (size == 0) return {};
  auto* items = static_cast<T*>(memory.allocate(sizeof(T) * size, alignof(T)));
  for (std::size_t i = 0; i < size; ++i) std::construct_at(items + i, fill(i));
  return {items, size};
}

/// The type that the thing tells, whatever the length of the table.
template <class T>
using fields_of = std::span<const field<std::type_identity_t<T>>>;

template <class T>
value all_of(const T& thing, fields_of<T> fields, const surroundings& with) {
  return value::of(make_list<member>(fields.size(), with.memory,
                                     [&](std::size_t i) { return member{fields[i].name, fields[i].get(thing, with)}; }));
}

/// Down from a value; list elements by number.
value walk(value v, fact_path path, arena& memory) {
  return path.empty() ? v : value_facts(v).get(path, memory);
}

template <class T>
value pick(const T& thing, fields_of<T> fields, fact_path path, const surroundings& with) {
  if (path.empty()) return all_of(thing, fields, with);
  for (const auto& f : fields)
    if (f.name == path.front()) return walk(f.get(thing, with), path.subspan(1), with.memory);
  return {};
}

value text(std::string_view s) { return s.empty() ? value() : value::of(s); }
value text(const std::string& s) { return text(std::string_view(s)); }
value text(const std::optional<std::string>& s) { return s ? value::of(std::string_view(*s)) : value(); }
value number(double n) { return value::of(n); }
value texts(const std::vector<std::string>& list, arena& memory) {
  return value::of(make_list<value>(list.size(), memory, [&](std::size_t i) { return value::of(std::string_view(list[i])); }));
}
std::string_view copy_text(std::string_view from, arena& memory) {
  if (from.empty()) return {};
  auto* to = static_cast<char*>(memory.allocate(from.size(), 1));
  std::copy(from.begin(), from.end(), to);
  return {to, from.size()};
}

/// The value with texts of its own.
value keep(const value& v, arena& memory) {
  switch (v.what()) {
    case value::kind::text: return value::of(copy_text(v.as_text(), memory));
    case value::kind::array: {
      const auto items = v.as_array();
      return value::of(make_list<value>(items.size(), memory, [&](std::size_t i) { return keep(items[i], memory); }));
    }
    case value::kind::object: {
      const auto members = v.as_object();
      return value::of(make_list<member>(members.size(), memory, [&](std::size_t i) {
        return member{copy_text(members[i].key, memory), keep(members[i].item, memory)};
      }));
    }
    default: return v;
  }
}

value json_text(const std::optional<std::string>& stored, arena& memory) {
  if (!stored || stored->empty()) return {};
  const auto parsed = json_document::parse(*stored);
  return parsed ? keep(from_json(parsed->root(), memory), memory) : value();
}

constexpr field<step> step_fields[] = {
    {"status", [](const step& s, const surroundings&) { return value::of(to_string(s.status)); }},
    {"expected_at", [](const step& s, const surroundings&) { return value::of(s.expected_at); }},
    {"started_at", [](const step& s, const surroundings&) { return value::of(s.started_at); }},
    {"completed_at", [](const step& s, const surroundings&) { return value::of(s.completed_at); }},
    {"blocked_by", [](const step& s, const surroundings&) { return text(s.blocked_by); }},
};

value step_named(std::span<const step* const> steps, fact_path path, const surroundings& with) {
  if (path.empty())
    return value::of(make_list<member>(steps.size(), with.memory, [&](std::size_t i) {
      return member{to_string(steps[i]->type), all_of(*steps[i], step_fields, with)};
    }));
  for (const auto* s : steps)
    if (to_string(s->type) == path.front()) return pick(*s, step_fields, path.subspan(1), with);
  return {};
}

std::pmr::vector<const step*> pointers_to(const std::vector<step>& a, const std::vector<step>* b, arena& memory) {
  std::pmr::vector<const step*> all(&memory);
  for (const auto& s : a) all.push_back(&s);
  if (b != nullptr)
    for (const auto& s : *b) all.push_back(&s);
  return all;
}

constexpr field<order_line> line_fields[] = {
    {"line_id", [](const order_line& l, const surroundings&) { return text(l.line_id); }},
    {"sku", [](const order_line& l, const surroundings&) { return text(l.sku); }},
    {"label", [](const order_line& l, const surroundings&) { return text(l.label); }},
    {"quantity", [](const order_line& l, const surroundings&) { return number(l.quantity); }},
    {"unit_price", [](const order_line& l, const surroundings&) { return value::of(l.unit_price); }},
    {"warehouse", [](const order_line& l, const surroundings&) { return text(l.warehouse); }},
    {"main", [](const order_line& l, const surroundings&) { return value::of(l.main); }},
    {"installation_required", [](const order_line& l, const surroundings&) { return value::of(l.installation_required); }},
    {"stock_status", [](const order_line& l, const surroundings&) { return text(to_string(l.stock.value.value_or(stock_status::unknown))); }},
    {"replaced_by", [](const order_line& l, const surroundings&) { return text(l.replaced_by.value); }},
};

constexpr field<shipment> shipment_fields[] = {
    {"shipment_id", [](const shipment& s, const surroundings&) { return text(s.shipment_id); }},
    {"leg_number", [](const shipment& s, const surroundings&) { return s.leg_number ? number(static_cast<double>(*s.leg_number)) : value(); }},
    {"origin_type", [](const shipment& s, const surroundings&) { return text(s.origin_type); }},
    {"origin_ref", [](const shipment& s, const surroundings&) { return text(s.origin_ref); }},
    {"destination_station_id", [](const shipment& s, const surroundings&) { return text(s.destination_station_id); }},
    {"carrier", [](const shipment& s, const surroundings&) { return text(s.carrier); }},
    {"status", [](const shipment& s, const surroundings&) { return value::of(to_string(s.status.value.value_or(shipment_status::pending))); }},
    {"dispatched_at", [](const shipment& s, const surroundings&) { return value::of(s.dispatched_at); }},
    {"estimated_arrival", [](const shipment& s, const surroundings&) { return value::of(s.estimated_arrival.value); }},
    {"actual_arrival", [](const shipment& s, const surroundings&) { return value::of(s.actual_arrival); }},
};

constexpr field<sku_replacement> replacement_fields[] = {
    {"sku", [](const sku_replacement& r, const surroundings&) { return text(r.sku); }},
    {"replacement_sku", [](const sku_replacement& r, const surroundings&) { return text(r.by.value); }},
    {"customer_validated", [](const sku_replacement& r, const surroundings&) { return value::of(r.validated.value.value_or(false)); }},
};

template <class T>
value list_of(const std::vector<T>& list, fields_of<T> fields, const surroundings& with) {
  return value::of(make_list<value>(list.size(), with.memory, [&](std::size_t i) { return all_of(list[i], fields, with); }));
}

constexpr field<order> order_fields[] = {
    {"order_id", [](const order& o, const surroundings& w) {
       const auto id = o.id.to_string();
       return value::of(copy_text(id, w.memory));
     }},
    {"order_ref", [](const order& o, const surroundings&) { return text(o.order_ref); }},
    {"status", [](const order& o, const surroundings&) { return value::of(to_string(o.concluded.status)); }},
    {"customer_id", [](const order& o, const surroundings&) { return text(o.customer_id.value); }},
    {"confirmed_at", [](const order& o, const surroundings&) { return value::of(o.confirmed_at); }},
    {"cancelled_at", [](const order& o, const surroundings&) { return value::of(o.cancelled_at); }},
    {"promised_delivery_date", [](const order& o, const surroundings&) { return value::of(o.promised_delivery_date.value); }},
    {"promised_installation_date", [](const order& o, const surroundings&) { return value::of(o.promised_installation_date.value); }},
    {"installation_required", [](const order& o, const surroundings&) { return value::of(o.installation_required.value); }},
    {"lead_time_days", [](const order& o, const surroundings&) {
       return o.lead_time_days.has() ? number(static_cast<double>(*o.lead_time_days.value)) : value();
     }},
    {"delivery_address", [](const order& o, const surroundings& w) { return json_text(o.delivery_address.value, w.memory); }},
    {"installation_address", [](const order& o, const surroundings& w) { return json_text(o.installation_address.value, w.memory); }},
    {"lines", [](const order& o, const surroundings& w) { return list_of(o.lines, line_fields, w); }},
    {"shipments", [](const order& o, const surroundings& w) { return list_of(o.shipments, shipment_fields, w); }},
    {"replacements", [](const order& o, const surroundings& w) { return list_of(o.replacements, replacement_fields, w); }},
    {"latest_eta", [](const order& o, const surroundings&) { return value::of(o.concluded.latest_eta); }},
    {"in_transit", [](const order& o, const surroundings&) { return value::of(o.concluded.in_transit); }},
    {"dispatched", [](const order& o, const surroundings&) { return value::of(o.concluded.dispatched); }},
    {"arrived", [](const order& o, const surroundings&) { return value::of(o.concluded.arrived); }},
    {"delivered", [](const order& o, const surroundings&) { return value::of(o.concluded.delivered); }},
    {"delivery_start", [](const order& o, const surroundings& w) -> value {
       // A promised day is a date to the rules: days are added to it as calendar days.
       if (w.state.lastmile && w.state.lastmile->slot_start.has()) return value::of(*w.state.lastmile->slot_start.value);
       return value::of(o.promised_delivery_date.value);
     }},
    {"last_shipment_event_at", [](const order& o, const surroundings&) { return value::of(o.concluded.last_shipment_event_at); }},
    {"steps", [](const order& o, const surroundings& w) { return step_named(pointers_to(o.concluded.steps, nullptr, w.memory), {}, w); }},
};

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
    {"orders", [](const project_state& p, const surroundings& w) { return list_of(p.orders, order_fields, w); }},
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

/// The part of a project that a root names; `o` is the order concerned.
value state_fact(const project_state& state, const order* o, std::string_view root, fact_path rest, const surroundings& with) {
  if (root == "project") return pick(state, project_fields, rest, with);
  if (root == "order") {
    if (o == nullptr) return {};
    // Rules read steps one by one: the others need not be made.
    if (rest.size() > 1 && rest.front() == "steps")
      return step_named(pointers_to(o->concluded.steps, nullptr, with.memory), rest.subspan(1), with);
    return pick(*o, order_fields, rest, with);
  }
  if (root == "consolidation") return state.consolidation ? pick(*state.consolidation, consolidation_fields, rest, with) : value();
  if (root == "lastmile") return state.lastmile ? pick(*state.lastmile, lastmile_fields, rest, with) : value();
  if (root == "installation") return state.installation ? pick(*state.installation, installation_fields, rest, with) : value();
  if (root == "steps")
    return step_named(pointers_to(state.steps, state.installation ? &state.installation->steps : nullptr, with.memory), rest, with);
  return {};
}

}  // namespace

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

const business_calendar& calendar_of(const project_state& state, const order* o, const domain_settings& settings) {
  static const calendars none;
  const auto& all = settings.calendars ? *settings.calendars : none;
  const auto country = [&](const order& of) -> std::string {
    if (!of.delivery_address.has()) return {};
    const auto parsed = json_document::parse(*of.delivery_address.value);
    if (!parsed) return {};
    const auto given = json::get_string(parsed->root(), "country");
    const auto code = given ? given : json::get_string(parsed->root(), "country_code");
    return std::string(code.value_or(""));
  };
  std::string code = o != nullptr ? country(*o) : "";
  for (std::size_t i = 0; code.empty() && o == nullptr && i < state.orders.size(); ++i) code = country(state.orders[i]);
  return all.of(code.empty() ? settings.country : code);
}

namespace {

instant add(value anchor, const offset& by, const business_calendar& calendar, bool business, const zone& tz) {
  const bool is_day = anchor.what() == value::kind::day;
  if (!business && !is_day) return anchor.as_instant() + by.days * milliseconds(std::chrono::hours(24)) + by.rest;
  const local_day day = is_day ? anchor.as_day() : tz.day_of(anchor.as_instant());
  const milliseconds time_of_day = is_day ? milliseconds{0} : anchor.as_instant() - tz.at(day);
  const local_day moved = business ? calendar.add_working_days(day, by.days) : day + date::days(by.days);
  return tz.at(moved) + time_of_day + by.rest;
}

}  // namespace

std::optional<instant> due_of(const effective_rule& rule, const project_state& state, const order* o,
                              const domain_settings& settings) {
  const auto& d = *rule.definition().deadline;
  if (o != nullptr && o->cancelled_at) return std::nullopt;
  if (rule.definition().scope == event_scope::installation && state.installation &&
      state.installation->status.value == installation_status::cancelled)
    return std::nullopt;

  std::array<std::byte, 1024> room;
  std::pmr::monotonic_buffer_resource memory(room.data(), room.size());
  const surroundings with{state, settings, memory};
  auto anchor = state_fact(state, o, d.anchor_path.front(), fact_path(d.anchor_path).subspan(1), with);
  if (anchor.what() == value::kind::text) {
    // A time that came as text, such as one of the metadata.
    if (const auto day = parse_day(anchor.as_text())) anchor = value::of(*day);
    else anchor = value::of(parse_instant(anchor.as_text()));
  }
  if (anchor.what() != value::kind::instant && anchor.what() != value::kind::day) return std::nullopt;

  std::optional<offset> by;
  if (!d.offset_param.empty()) {
    const auto given = rule.param(d.offset_param);
    if (given.what() == value::kind::text) by = offset::parse(given.as_text());
  }
  if (!by) by = d.by;
  if (!by) return std::nullopt;
  static const business_calendar plain;
  return add(anchor, *by, d.business ? calendar_of(state, o, settings) : plain, d.business, settings.tz);
}

}  // namespace plo::rules
