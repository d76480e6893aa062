// What must hold for any history, tried on random ones.
#include <algorithm>

#include <gtest/gtest.h>
// Its gtest support does not include gtest itself.
#include <rapidcheck/gtest.h>

#include "domain/event/catalogue.hpp"
#include "tests/project/given.hpp"

namespace plo {
namespace {

using namespace spec;

/// One of a few texts, so that events meet each other.
rc::Gen<std::string> one_of(std::vector<std::string> texts) {
  return rc::gen::elementOf(std::move(texts));
}

/// A member of a payload: mostly sensible, sometimes absent.
std::string member(const std::string& name, const rc::Gen<std::string>& value) {
  if (*rc::gen::inRange(0, 3) == 0) return {};
  return "\"" + name + "\":" + *value + ",";
}

const std::vector<std::string> days = {R"("2025-06-18")", R"("2025-06-20")", R"("2025-06-25")", R"("2025-03-30T01:30:00Z")"};
const std::vector<std::string> flags = {"true", "false"};
const std::vector<std::string> lists = {R"(["O1"])", R"(["O2"])", R"(["O1","O2"])", "[]"};
const std::vector<std::string> orders = {R"("O1")", R"("O2")", R"("O3")"};

std::string payload_of(event_type type) {
  const auto& entry = catalogue()[static_cast<std::size_t>(type)];
  std::string data = "{";
  switch (entry.scope) {
    case event_scope::order:
      // Which order an unnamed event is about depends on what is known when it arrives, so every event names its own.
      data += R"("order_ref":)" + *one_of(orders) + ",";
      data += member("lines", one_of({R"([{"sku":"A","qty":2},{"sku":"B","line_id":"b"}])", R"([{"sku":"C","line_id":"b","available_qty":1}])",
                                      R"([{"sku":"A"}])"}));
      data += member("skus", one_of({R"(["A"])", R"(["B","C"])"}));
      data += member("sku", one_of({R"("A")", R"("B")"}));
      data += member("replacement_sku", one_of({R"("C")", R"("D")"}));
      data += member("customer_validated", one_of(flags));
      data += member("installation_required", one_of(flags));
      data += member("promised_delivery_date", one_of(days));
      data += member("promised_installation_date", one_of(days));
      data += member("customer_id", one_of({R"("C1")", R"("C2")"}));
      data += member("shipment_id", one_of({R"("S1")", R"("S2")"}));
      data += R"("leg_number":)" + *one_of({"1", "2"}) + ",";
      data += member("last_leg", one_of(flags));
      data += member("carrier", one_of({R"("X")", R"("Y")"}));
      data += member("destination_station_id", one_of({R"("ST")", R"("X")"}));
      data += member("origin_ref", one_of({R"("W")", R"("X")"}));
      data += member("estimated_arrival", one_of(days));
      data += member("actual_arrival", one_of(days));
      break;
    case event_scope::consolidation:
      data += R"("order_ref":)" + *one_of(orders) + ",";
      data += member("consolidation_id", one_of({R"("K1")", R"("K2")"}));
      data += member("station_id", one_of({R"("ST")", R"("X")"}));
      data += member("estimated_complete_date", one_of(days));
      data += member("customer", one_of(flags));
      data += member("installer", one_of(flags));
      break;
    case event_scope::lastmile:
      // Which tour an unnamed event is about depends on what is known when it arrives.
      data += R"("lastmile_id":)" + *one_of({R"("L1")", R"("L2")"}) + ",";
      data += member("scheduled_date", one_of(days));
      data += member("time_slot", one_of({R"({"start":"08:00","end":"12:00"})", R"({"start":"22:00","end":"02:00"})", R"({"end":"24:00"})"}));
      data += member("is_partial", one_of(flags));
      data += member("missing_order_ids", one_of(lists));
      data += member("pod_url", one_of({R"("u1")", R"("u2")"}));
      break;
    case event_scope::installation:
      data += R"("installation_id":)" + *one_of({R"("I1")", R"("I2")"}) + ",";
      data += member("scheduled_start", one_of(days));
      data += member("technician_id", one_of({R"("T1")", R"("T2")"}));
      break;
    case event_scope::project:
      data += member("customer_id", one_of({R"("C1")", R"("C2")"}));
      data += member("installation_required", one_of(flags));
      data += member("project_type", one_of({R"("kitchen")", R"("bathroom")"}));
      data += member("score", one_of({"1", "5"}));
      break;
  }
  if (data.back() == ',') data.pop_back();
  return data + "}";
}

/// Source events with a minute of their own each.
std::vector<event> history() {
  const auto size = *rc::gen::inRange(1, 25);
  std::vector<event> events;
  for (int i = 0; i < size; ++i) {
    const auto type = static_cast<event_type>(*rc::gen::inRange(0, static_cast<int>(catalogue().size())));
    auto e = said(catalogue()[static_cast<std::size_t>(type)].name, "06-01", payload_of(type));
    e.occurred_at += std::chrono::hours{9 * i};
    events.push_back(std::move(e));
  }
  return events;
}

/// What may depend on the order of arrival: places in lists by first mention, ids derived from the first mention, bookkeeping.
project_state comparable(project_state state) {
  state.events = 0;
  state.created_at = {};
  state.updated_at = {};
  state.seen = state.seen.times_only();
  const auto forget = [](auto&... moments) { ((moments.version = 0), ...); };
  const auto forget_any = [](auto&... moments) { ((moments ? void(moments->version = 0) : void()), ...); };
  forget(state.status_said.as_of, state.closed.as_of);
  std::sort(state.project_refs.begin(), state.project_refs.end());
  std::sort(state.orders.begin(), state.orders.end(), [](const order& a, const order& b) { return a.order_ref < b.order_ref; });
  for (auto& o : state.orders) {
    o.id = {};
    o.seen = o.seen.times_only();
    o.confirmed_version = o.cancelled_version = 0;
    forget(o.lines_as_of, o.whole_stock.as_of);
    for (auto& c : o.confirmations) forget(c.when);
    for (auto& line : o.lines) forget_any(line.added_at);
    for (auto& s : o.stock) forget(s.said.as_of);
    for (auto& r : o.replacements) forget(r.by.as_of, r.validated.as_of);
    std::sort(o.shipments.begin(), o.shipments.end(), [](const shipment& a, const shipment& b) { return std::tie(a.shipment_id, a.leg_number) < std::tie(b.shipment_id, b.leg_number); });
  }
  std::sort(state.lastmiles.begin(), state.lastmiles.end(), [](const lastmile& a, const lastmile& b) { return a.lastmile_id < b.lastmile_id; });
  for (auto& l : state.lastmiles) {
    l.seen = l.seen.times_only();
    l.touched = 0;
    forget(l.first_named, l.previous_slot_as_of);
    forget_any(l.slot_set, l.first_slot, l.last_closing, l.left_station);
    for (auto& o : l.outcomes) forget(o.first, o.last);
  }
  std::sort(state.installations.begin(), state.installations.end(),
            [](const installation& a, const installation& b) { return a.installation_id < b.installation_id; });
  for (auto& i : state.installations) {
    i.seen = i.seen.times_only();
    i.touched = 0;
    forget(i.first_named);
    forget_any(i.closed);
  }
  if (state.consolidation) {
    forget_any(state.consolidation->completed_by_oms);
    for (auto& said : state.consolidation->consents) forget(said.when);
    if (uuid::parse(state.consolidation->consolidation_id)) state.consolidation->consolidation_id.clear();
    auto& c = state.consolidation->concluded;
    for (auto* list : {&c.orders_required, &c.orders_arrived, &c.orders_missing}) std::sort(list->begin(), list->end());
  }
  return state;
}

/// Where two states differ, for people.
std::string difference(const project_state& a, const project_state& b) {
  std::string text;
  const auto note = [&](const char* what, bool same) {
    if (!same) text += std::string(what) + " ";
  };
  note("orders", a.orders == b.orders);
  note("consolidation", a.consolidation == b.consolidation);
  note("lastmiles", a.lastmiles == b.lastmiles);
  note("installations", a.installations == b.installations);
  note("installation_steps", a.installation_steps == b.installation_steps);
  note("refs", a.refs == b.refs);
  note("steps", a.steps == b.steps);
  note("status", a.status == b.status);
  note("closing", a.auto_closed_at == b.auto_closed_at && a.closed_at == b.closed_at);
  note("seen", a.seen == b.seen);
  return text;
}

RC_GTEST_PROP(domain_properties, any_order_of_arrival_ends_in_the_same_facts_and_conclusions, ()) {
  auto events = history();
  project in_order;
  in_order.told(events);
  for (std::size_t i = events.size(); i > 1; --i) std::swap(events[i - 1], events[*rc::gen::inRange<std::size_t>(0, i)]);
  project shuffled;
  shuffled.told(events);
  const auto a = comparable(*in_order);
  const auto b = comparable(*shuffled);
  if (!(a == b)) RC_FAIL(difference(a, b));
}

RC_GTEST_PROP(domain_properties, folding_the_stored_events_is_all_that_decide_does, ()) {
  // Every promise of the fixture, on random histories; later events may come at the same time as earlier ones.
  auto events = history();
  for (auto& e : events) {
    if (*rc::gen::inRange(0, 4) == 0) e.occurred_at = at("06-02");
  }
  project p;
  p.told(events);
}

/// Any JSON value, a few levels deep, made of the names and texts that the domain knows.
std::string any_json(int depth) {
  static const std::vector<std::string> scalars = {
      "null", "true", "false", "0", "-1", "1e308", "123456789012345678901234567890", "0.1", R"("")", R"("O1")", R"("2025-06-18")",
      R"("2025-06-18T10:00:00+02:00")", R"("9999-12-31")", R"("0001-01-01")", R"("08:00")", R"("\u0000")", R"("completed")", R"("S1")"};
  static const std::vector<std::string> names = {
      "order_ref", "shipment_id", "lines", "skus", "sku", "qty", "line_id", "leg_number", "last_leg", "estimated_arrival", "actual_arrival",
      "scheduled_date", "time_slot", "start", "end", "missing_order_ids", "is_partial", "scheduled_start", "customer", "installer", "status",
      "step_type", "changes", "score", "promised_delivery_date", "delivery_address", "metadata", "comment", "available_qty", "customer_id"};
  const int kind = depth > 3 ? 0 : *rc::gen::inRange(0, 4);
  if (kind < 2) return *rc::gen::elementOf(scalars);
  std::string text(1, kind == 2 ? '[' : '{');
  const int size = *rc::gen::inRange(0, 6);
  for (int i = 0; i < size; ++i) {
    if (i > 0) text += ",";
    if (kind == 3) text += "\"" + *rc::gen::elementOf(names) + "\":";
    text += any_json(depth + 1);
  }
  return text + (kind == 2 ? "]" : "}");
}

RC_GTEST_PROP(domain_properties, decide_takes_any_payload_of_any_kind, ()) {
  static const std::vector<std::string> own = {"note.added",     "project.assigned",   "project.status_set",         "step.updated",          "order.created",
                                               "steps.changed",  "order.recalculated", "consolidation.recalculated", "project.recalculated", "partial_delivery.approved",
                                               "project.status_changed"};
  project_state state;
  const int size = *rc::gen::inRange(1, 15);
  for (int i = 0; i < size; ++i) {
    const bool known = *rc::gen::inRange(0, 4) != 0;
    const std::string type(known ? catalogue()[*rc::gen::inRange<std::size_t>(0, catalogue().size())].name : std::string_view(*rc::gen::elementOf(own)));
    auto e = said(type, "06-01", any_json(*rc::gen::inRange(0, 2)));
    e.kind = static_cast<event_kind>(*rc::gen::inRange(1, 4));
    e.occurred_at += std::chrono::hours{*rc::gen::inRange(0, 100)};
    state = decide(state, test_project, e, paris()).next;
    auto derived = e;
    derived.kind = event_kind::derived;
    evolve(state, derived, paris());
  }
}

}  // namespace
}  // namespace plo
