// What rules read of an order: its lines, shipments, replacements and steps.
#include <algorithm>

#include "domain/project/conclude.hpp"
#include "domain/rules/facts_tell.hpp"

namespace plo::rules::tell {

namespace {

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

}  // namespace

value json_text(const std::optional<std::string>& stored, arena& memory) {
  if (!stored || stored->empty()) return {};
  const auto parsed = json_document::parse(*stored);
  return parsed ? keep(from_json(parsed->root(), memory), memory) : value();
}

namespace {

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
    {"replaced_by", [](const order_line& l, const surroundings&) { return text(l.replaced_by); }},
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
    {"articles_short", [](const order& o, const surroundings& w) { return texts(o.articles_short, w.memory); }},
    {"articles_unvalidated", [](const order& o, const surroundings& w) { return texts(o.articles_unvalidated, w.memory); }},
    {"latest_eta", [](const order& o, const surroundings&) { return value::of(o.concluded.latest_eta); }},
    {"in_transit", [](const order& o, const surroundings&) { return value::of(o.concluded.in_transit); }},
    {"dispatched", [](const order& o, const surroundings&) { return value::of(o.concluded.dispatched); }},
    {"arrived", [](const order& o, const surroundings&) { return value::of(o.concluded.arrived); }},
    {"delivered", [](const order& o, const surroundings&) { return value::of(o.concluded.delivered); }},
    {"delivery_start", [](const order& o, const surroundings& w) -> value {
       // A promised day is a date to the rules: days are added to it as calendar days.
       if (const auto slot = slot_of(w.state, o)) return value::of(*slot);
       return value::of(o.promised_delivery_date.value);
     }},
    {"slot_start", [](const order& o, const surroundings& w) { return value::of(slot_of(w.state, o)); }},
    {"last_shipment_event_at", [](const order& o, const surroundings&) { return value::of(o.concluded.last_shipment_event_at); }},
    {"steps", [](const order& o, const surroundings& w) { return step_named(pointers_to(o.concluded.steps, nullptr, w.memory), {}, w); }},
};

}  // namespace

value step_fact(const std::vector<step>& steps, const std::vector<step>* more, fact_path path, const surroundings& with) {
  return step_named(pointers_to(steps, more, with.memory), path, with);
}

value order_fact(const order& o, fact_path path, const surroundings& with) {
  // Rules read steps one by one: the others need not be made.
  if (path.size() > 1 && path.front() == "steps") return step_fact(o.concluded.steps, nullptr, path.subspan(1), with);
  return pick(o, order_fields, path, with);
}

value order_list(const std::vector<order>& orders, const surroundings& with) { return list_of(orders, order_fields, with); }

}  // namespace plo::rules::tell
