// What holds of every history under the built-in rules, on the event clock.
#include <map>

#include "tests/rules/catalogue_events.hpp"

#include <rapidcheck/gtest.h>

namespace plo::spec {

namespace {

struct said_of_order {
  std::string type;
  std::string more;
};

/// What is said of one order alone: no consolidation, last mile or installation ties it to the others.
const std::vector<said_of_order>& sayings() {
  static const std::vector<said_of_order> all{
      {"stock.check_ok", ""},
      {"stock.shortage", R"("skus":["A"])"},
      {"stock.partial", R"("lines":[{"sku":"A","available_qty":1}])"},
      {"picking.started", ""},
      {"picking.completed", ""},
      {"picking.discrepancy", ""},
      {"shipment.dispatched", R"("leg_number":1)"},
      {"shipment.in_transit", R"("leg_number":1)"},
      {"shipment.eta_updated", R"("leg_number":1,"estimated_arrival":"2025-06-22T10:00:00Z")"},
      {"shipment.eta_updated", R"("leg_number":1,"estimated_arrival":"2025-06-18T10:00:00Z")"},
      {"shipment.arrived_at_station", R"("leg_number":1)"},
      {"shipment.exception", R"("leg_number":1)"},
      {"order.line_replaced", R"("sku":"A","replacement_sku":"B")"},
      {"order.line_replaced", R"("sku":"A","replacement_sku":"B","customer_validated":true)"},
      {"order.cancelled", ""},
  };
  return all;
}

/// A minute of June 2025.
std::string minute(int n) { return format_instant(at("06-02") + std::chrono::minutes(n)); }

constexpr int last_minute = 25 * 24 * 60;

/// Distinct ascending minutes.
std::vector<int> moments(std::size_t count) {
  auto found = *rc::gen::unique<std::vector<int>>(count, rc::gen::inRange(0, last_minute));
  std::sort(found.begin(), found.end());
  return found;
}

/// An order's history in time order; the order is confirmed before the first of all.
std::vector<event> history_of(std::string_view order_ref, const std::vector<int>& when) {
  std::vector<event> events;
  for (const int n : when) {
    const auto& s = sayings()[*rc::gen::inRange<std::size_t>(0, sayings().size())];
    events.push_back(about(s.type, minute(n), s.more, order_ref));
  }
  return events;
}

/// rule, order and status of every anomaly that is not history.
std::vector<std::string> found_in(const watched& p, bool only_open = false) {
  std::vector<std::string> all;
  for (const auto& a : p->anomalies)
    if (!only_open || !a.is_resolved()) all.push_back(a.rule_id + " " + a.order_ref + (a.is_resolved() ? " resolved" : " open"));
  std::sort(all.begin(), all.end());
  return all;
}

/// Any history at all: of orders, delivery, installation, quotes and surveys, in any order of arrival.
std::vector<event> anything(std::size_t count) {
  static const std::vector<std::pair<std::string, std::string>> more{
      {"consolidation.order_arrived", R"({"order_ref":"O1"})"},
      {"consolidation.complete", "{}"},
      {"consolidation.exception", "{}"},
      {"consolidation.eta_updated", R"({"estimated_complete_date":"2025-06-23"})"},
      {"consolidation.partial_approved", R"({"customer":true,"installer":true})"},
      {"lastmile.scheduled", R"({"scheduled_date":"2025-06-20","time_slot":{"start":"14:00","end":"16:00"}})"},
      {"lastmile.rescheduled", R"({"scheduled_date":"2025-06-19","time_slot":{"start":"08:00","end":"10:00"}})"},
      {"lastmile.delivered", "{}"},
      {"lastmile.partial_delivered", R"({"missing_order_ids":["O2"]})"},
      {"lastmile.failed", "{}"},
      {"lastmile.damaged", "{}"},
      {"installation.scheduled", R"({"scheduled_start":"2025-06-21T08:00:00Z","trained_for":["bathroom"]})"},
      {"installation.cancelled", "{}"},
      {"installation.started", "{}"},
      {"installation.completed", "{}"},
      {"installation.issue", R"({"severity":"blocking"})"},
      {"installation.partial", "{}"},
      {"installation.report_submitted", R"({"customer_signature":{"signed":false}})"},
      {"quote_products.accepted", "{}"},
      {"quote_products.expired", "{}"},
      {"quality.survey_sent", "{}"},
      {"quality.survey_completed", R"({"score":2})"},
      {"project.created", R"({"project_type":"kitchen","store_id":"S1"})"},
      {"order.confirmed", R"({"order_ref":"O2","promised_delivery_date":"2025-06-24","installation_required":true})"},
  };
  std::vector<event> events{ordered("06-01")};
  for (std::size_t i = 0; i < count; ++i) {
    const auto when = minute(*rc::gen::inRange(0, last_minute));
    const auto n = *rc::gen::inRange<std::size_t>(0, more.size() + sayings().size());
    if (n < more.size()) events.push_back(said(more[n].first, when, more[n].second));
    else events.push_back(about(sayings()[n - more.size()].type, when, sayings()[n - more.size()].more, *rc::gen::arbitrary<bool>() ? "O1" : "O2"));
  }
  return events;
}

}  // namespace

// Events of different orders do not supersede each other: however their histories are woven together (each keeping its own
// order), every rule ends with the same to say of every order.
RC_GTEST_PROP(rules_properties, histories_of_different_orders_may_be_woven_in_any_way, ()) {
  const std::vector<std::string> orders{"O1", "O2", "O3"};
  const auto when = moments(*rc::gen::inRange<std::size_t>(3, 18));
  std::map<std::string, std::vector<int>> times;
  for (const int n : when) times[orders[*rc::gen::inRange<std::size_t>(0, 3)]].push_back(n);
  std::vector<event> confirmations, in_time;
  std::vector<std::vector<event>> each;
  for (const auto& o : orders) {
    confirmations.push_back(ordered("06-01", "2025-06-20", "", o));
    each.push_back(history_of(o, times[o]));
    in_time.insert(in_time.end(), each.back().begin(), each.back().end());
  }
  std::sort(in_time.begin(), in_time.end(), [](const event& a, const event& b) { return a.occurred_at < b.occurred_at; });

  // One at a time from whichever order comes next; the clock is at the end before the first, so that weaving is all that differs.
  watched straight, woven;
  straight.told(confirmations).at_time("06-28").told(in_time).at_time("07-30");
  woven.told(confirmations).at_time("06-28");
  std::vector<std::size_t> next(each.size());
  for (std::size_t left = in_time.size(); left > 0; --left) {
    auto i = *rc::gen::inRange<std::size_t>(0, each.size());
    while (next[i] == each[i].size()) i = (i + 1) % each.size();
    woven.when(each[i][next[i]++]);
  }
  woven.at_time("07-30");
  RC_ASSERT(found_in(straight) == found_in(woven));
}

// The log proves itself: what was put in, decided again, gives what was recorded, ids included.
RC_GTEST_PROP(rules_properties, deciding_again_gives_the_recorded_events, ()) {
  const auto inputs = anything(*rc::gen::inRange<std::size_t>(0, 25));
  watched live;
  live.told(inputs).at_time("07-30");
  std::vector<event> recorded_inputs;
  for (const auto& e : live.history())
    if (e.kind == event_kind::source || e.kind == event_kind::operator_) recorded_inputs.push_back(e);
  watched again;
  again.told(recorded_inputs).at_time("07-30");
  RC_ASSERT(live.history() == again.history());

  project_state folded;
  folded.id = test_project;
  for (const auto& e : live.history()) evolve(folded, e, paris());
  RC_ASSERT(folded == *live);
}

// Deduplication counts: no trigger is lost, whatever is acknowledged, resolved, reopened or begun anew meanwhile.
RC_GTEST_PROP(rules_properties, every_trigger_is_counted_once, ()) {
  const std::map<std::string, std::string> always{{"shipment.exception", "ANO-28"}, {"installation.issue", "ANO-06"}, {"lastmile.damaged", "ANO-31"},
                                                  {"consolidation.exception", "ANO-18"}, {"lastmile.failed", "ANO-22"}};
  const auto inputs = anything(*rc::gen::inRange<std::size_t>(0, 30));
  watched p;
  std::map<std::string, unsigned> triggers, counted;
  for (const auto& input : inputs) {
    p.when(input);
    RC_LOG() << format_instant(input.occurred_at) << ' ' << input.type << ' ' << input.data << '\n';
    const auto rule = always.find(input.type);
    // What was cancelled is judged no more.
    const auto* visit = current_installation(*p);
    const auto data = json_document::parse(input.data);
    const auto* o = input.type == "shipment.exception" ? p->find_order(json::get_string(data->root(), "order_ref").value_or("")) : nullptr;
    const bool cancelled = (o != nullptr && o->cancelled_at) || (input.type == "installation.issue" && visit != nullptr && visit->is_cancelled());
    if (rule != always.end() && !cancelled) ++triggers[rule->second];
    if (!p->anomalies.empty() && *rc::gen::inRange(0, 4) == 0) {
      const auto& a = p->anomalies[*rc::gen::inRange<std::size_t>(0, p->anomalies.size())];
      const char* what = *rc::gen::arbitrary<bool>() ? "anomaly.resolved" : "anomaly.acknowledged";
      if (a.is_resolved()) continue;
      RC_LOG() << what << ' ' << a.rule_id << ' ' << a.order_ref << '\n';
      p.when(did(what, format_instant(input.occurred_at), fmt::format(R"({{"anomaly_id":"{}"}})", a.id.to_string())));
    }
  }
  // Of every anomaly that there ever was, the last count on record.
  std::map<std::string, std::pair<std::string, unsigned>> last;
  for (const auto& e : p.history()) {
    if (e.kind != event_kind::derived || (e.type != own_type::anomaly_raised && e.type != own_type::anomaly_triggered_again && e.type != own_type::anomaly_reopened)) continue;
    const auto data = json_document::parse(e.data);
    const auto occurrences = json::get(data->root(), "occurrences");
    last[std::string(*json::get_string(data->root(), "anomaly_id"))] = {std::string(*json::get_string(data->root(), "rule_id")),
                                                                       occurrences ? static_cast<unsigned>(occurrences->get_int64().value()) : 1};
  }
  for (const auto& [id, of] : last) counted[of.first] += of.second;
  for (const auto& [type, rule] : always) RC_ASSERT(counted[rule] == triggers[rule]);
}

// Late events: whichever comes first, once all facts are known the same deadline anomalies are open.
RC_GTEST_PROP(rules_properties, late_events_end_in_the_same_open_deadline_anomalies_in_any_order, ()) {
  std::vector<event> late;
  for (const int n : moments(*rc::gen::inRange<std::size_t>(1, 10))) {
    static const std::vector<std::string> kinds{"picking.started", "shipment.dispatched", "shipment.in_transit", "shipment.arrived_at_station",
                                                "consolidation.complete", "lastmile.delivered", "installation.started", "installation.completed",
                                                "installation.report_submitted", "quality.survey_sent", "quality.survey_completed",
                                                "quote_products.accepted", "quote_installation.created"};
    late.push_back(said(kinds[*rc::gen::inRange<std::size_t>(0, kinds.size())], minute(n), R"({"order_ref":"O1","leg_number":1})"));
  }
  const auto open_after = [&](const std::vector<event>& arrivals, bool wall) {
    watched p;
    if (wall) p.on_the_wall();
    p.told({ordered("06-01"), install("06-01", "2025-06-21T08:00:00Z")}).at_time("07-30");
    p.told(arrivals);
    std::vector<std::string> open;
    for (const auto& a : p->anomalies)
      if (!a.is_resolved() && a.cause_deadline) open.push_back(a.rule_id);
    std::sort(open.begin(), open.end());
    return open;
  };
  auto shuffled = late;
  for (std::size_t i = shuffled.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[*rc::gen::inRange<std::size_t>(0, i)]);
  RC_ASSERT(open_after(late, false) == open_after(shuffled, false));
  RC_ASSERT(open_after(late, true) == open_after(shuffled, true));
  RC_ASSERT(open_after(late, true) == open_after(shuffled, false));
}

}  // namespace plo::spec
