#include "domain/project/conclude_steps.hpp"

#include <algorithm>

#include "domain/project/consent.hpp"
#include "domain/project/entity.hpp"

namespace plo::fold {

namespace {

using t = event_type;
using s = step_status;

/// A step being drawn from facts, with the newest of them.
struct drawn : step {
  std::optional<sighted> newest;

  explicit drawn(step_type what) { type = what; }
  void saw(std::optional<sighted> when) { newest = later(newest, when); }
  void saw(std::optional<instant> at) {
    if (at) saw(std::optional(sighted{*at}));
  }
  void start(std::optional<instant> at) {
    saw(at);
    if (!at) return;
    status = s::in_progress;
    started_at = at;
  }
  void complete(std::optional<instant> at) {
    saw(at);
    if (!at) return;
    status = s::completed;
    completed_at = at;
    if (!started_at || *started_at > *at) started_at = at;
  }
};

/// A status given by hand wins over facts that are older, and loses to newer ones.
step settle(drawn st, const said_about_steps& all, std::string_view order_ref) {
  for (const auto* said : all.by_hand(order_ref)) {
    if (said->type != st.type) continue;
    if (st.newest && *st.newest > said->counted) continue;
    st.status = said->status;
    st.completed_at.reset();
    if (said->status == s::completed) st.completed_at = said->at;
    if (said->status == s::pending) st.started_at.reset();
    else if (said->status != s::skipped && !st.started_at) st.started_at = said->at;
  }
  if (const auto* a = all.blocking(st.type, order_ref)) {
    st.status = s::blocked;
    st.blocked_by = a->id.to_string();
  }
  return st;
}

std::vector<step> settle_all(std::vector<drawn> drawings, const said_about_steps& said, std::string_view order_ref = {}) {
  std::vector<step> steps;
  steps.reserve(drawings.size());
  for (auto& st : drawings) steps.push_back(settle(std::move(st), said, order_ref));
  return steps;
}

std::optional<instant> earlier(std::optional<instant> a, std::optional<instant> b) {
  return !a || (b && *b < *a) ? b : a;
}

drawn stock_check(const order& o) {
  drawn st(step_type::stock_check);
  const auto ok = o.seen.last_of(t::stock_check_ok);
  const auto any = later(ok, later(o.seen.last_of(t::stock_shortage), o.seen.last_of(t::stock_partial)));
  st.start(earlier(o.seen.first(t::stock_check_ok), earlier(o.seen.first(t::stock_shortage), o.seen.first(t::stock_partial))));
  st.saw(any);
  if (!any) return st;
  if (!o.articles_short.empty()) st.status = s::anomaly;
  else st.complete(any->at);
  return st;
}

drawn picking(const order& o) {
  drawn st(step_type::picking_preparation);
  const auto done = o.seen.last_of(t::picking_completed);
  const auto wrong = o.seen.last_of(t::picking_discrepancy);
  // Whoever finds a discrepancy or is done has started.
  st.start(earlier(o.seen.first(t::picking_started), earlier(o.seen.first(t::picking_completed), o.seen.first(t::picking_discrepancy))));
  st.saw(wrong);
  st.saw(done);
  if (wrong && (!done || *wrong > *done)) st.status = s::anomaly;
  else st.complete(time_of(done));
  return st;
}

drawn quote(const sightings& seen, step_type type, t created, t sent, t accepted, std::optional<t> expired) {
  drawn st(type);
  st.start(earlier(seen.first(created), seen.first(sent)));
  st.complete(seen.first(accepted));
  const auto lapsed = expired ? seen.last_of(*expired) : std::nullopt;
  const auto alive = later(seen.last_of(created), seen.last_of(sent));
  st.saw(lapsed);
  st.saw(alive);
  if (lapsed && st.status != s::completed && (!alive || *lapsed > *alive)) {
    st.status = s::anomaly;
    if (!st.started_at) st.started_at = time_of(lapsed);
  }
  return st;
}

drawn inspiration(const sightings& seen) {
  drawn st(step_type::inspiration);
  st.start(seen.first(t::inspiration_started));
  st.complete(earlier(seen.first(t::inspiration_completed), seen.first(t::inspiration_converted)));
  return st;
}

/// The first moment at which something may reach the customer.
std::optional<instant> promised_start(const conclusions& all, const zone& tz) {
  if (!all.promised_delivery_date) return std::nullopt;
  return tz.at(*all.promised_delivery_date);
}

/// The tours so far are over, and something was ordered after them.
bool awaits_tour(const project_state& state, const lastmile& current) {
  if (!current.closed()) return false;
  return std::any_of(state.orders.begin(), state.orders.end(), [&](const order& o) {
    return is_required(o) && *o.confirmed() > *current.last_closing && !delivered(state, o);
  });
}

drawn lastmile_scheduled(const project_state& state, const std::optional<instant>& expected, bool delivered) {
  drawn st(step_type::lastmile_scheduled);
  st.expected_at = expected;
  const auto* l = current_lastmile(state);
  if (l == nullptr) return st;
  const auto set_at = later(l->seen.last_of(t::lastmile_scheduled), l->seen.last_of(t::lastmile_rescheduled));
  const auto failed = l->seen.last_of(t::lastmile_failed);
  st.saw(set_at);
  st.saw(failed);
  if (awaits_tour(state, *l)) return st;
  // After a failure a new slot is needed.
  if (set_at && (!failed || *set_at > *failed || l->delivered || delivered)) st.complete(set_at->at);
  else if (!set_at && l->delivered_at) st.status = s::skipped;
  return st;
}

drawn lastmile_delivered(const project_state& state, const std::optional<instant>& expected, const std::optional<sighted>& delivered) {
  drawn st(step_type::lastmile_delivered);
  st.expected_at = expected;
  const auto* l = current_lastmile(state);
  if (l == nullptr) return st;
  std::optional<instant> begun = state.seen.first(t::lastmile_failed);
  for (const auto& tour : state.lastmiles) begun = earlier(begun, time_of(tour.left_station));
  const auto failed = l->seen.last_of(t::lastmile_failed);
  st.saw(failed);
  if (delivered) {
    st.start(begun);
    st.complete(delivered->at);
    st.saw(delivered);
    return st;
  }
  if (awaits_tour(state, *l)) return st;
  st.start(begun);
  if (failed && (!l->delivered_at || failed->at > *l->delivered_at)) {
    st.status = s::anomaly;
  } else if (l->delivered_at) {
    // A partial delivery is what was agreed, or it is not.
    if (consented(state, *l)) st.complete(l->delivered_at);
    else st.status = s::anomaly;
  }
  return st;
}

const anomaly* first_that_blocks(const std::vector<const anomaly*>& among, step_type type) {
  const auto found = std::find_if(among.begin(), among.end(), [type](const anomaly* a) {
    return std::find(a->blocks.begin(), a->blocks.end(), type) != a->blocks.end();
  });
  return found == among.end() ? nullptr : *found;
}

}  // namespace

said_about_steps::said_about_steps(const project_state& state) {
  for (const auto& said : state.manual_steps) by_hand_[said.order_ref].push_back(&said);
  for (const auto& a : state.anomalies) {
    if (a.is_resolved() || a.blocks.empty()) continue;
    blocking_.push_back(&a);
    blocking_of_[a.order_ref].push_back(&a);
  }
}

const std::vector<const manual_step*>& said_about_steps::by_hand(std::string_view order_ref) const {
  static const std::vector<const manual_step*> none;
  const auto found = by_hand_.find(order_ref);
  return found == by_hand_.end() ? none : found->second;
}

const anomaly* said_about_steps::blocking(step_type type, std::string_view order_ref) const {
  if (order_ref.empty()) return first_that_blocks(blocking_, type);
  const anomaly* first = nullptr;
  for (const auto ref : {std::string_view(), order_ref}) {
    const auto held = blocking_of_.find(ref);
    const auto* found = held == blocking_of_.end() ? nullptr : first_that_blocks(held->second, type);
    // They stand in one list: the one ahead in memory was raised first.
    if (found != nullptr && (first == nullptr || found < first)) first = found;
  }
  return first;
}

std::vector<step> order_steps(const project_state& state, const order& o, const order_conclusions& concluded, std::string_view station,
                              const said_about_steps& said) {
  std::vector<drawn> steps;
  steps.reserve(6);
  const auto arrived = concluded.arrived ? arrived_at(o, station) : std::nullopt;
  const auto delivered = concluded.delivered ? delivered_at(state, o) : std::nullopt;

  drawn confirmed(step_type::order_confirmed);
  confirmed.complete(o.confirmed_at);
  confirmed.saw(o.confirmed());
  steps.push_back(std::move(confirmed));
  steps.push_back(stock_check(o));
  steps.push_back(picking(o));

  std::optional<instant> first_out, first_arrival;
  std::optional<instant> trouble;
  for (const auto& sh : o.shipments) {
    first_out = earlier(first_out, sh.dispatched_at);
    if (is_last_leg(o, sh) && is_at(sh, station)) first_arrival = earlier(first_arrival, sh.actual_arrival);
    if (!sh.actual_arrival && sh.status.value == shipment_status::exception) trouble = later(trouble, sh.exception_at);
  }
  drawn dispatched(step_type::shipment_dispatched);
  dispatched.complete(first_out);
  steps.push_back(std::move(dispatched));

  drawn transit(step_type::shipment_in_transit);
  transit.expected_at = concluded.latest_eta;
  transit.start(first_out);
  if (arrived) transit.complete(arrived);
  else if (delivered) transit.complete(delivered);
  else if (trouble) transit.status = s::anomaly;
  transit.saw(trouble);
  steps.push_back(std::move(transit));

  drawn reached(step_type::shipment_arrived_at_station);
  reached.expected_at = concluded.latest_eta;
  reached.start(first_arrival);
  if (arrived) reached.complete(arrived);
  else if (delivered) reached.status = s::skipped;  // nobody reported it, and it is with the customer
  steps.push_back(std::move(reached));

  for (auto& st : steps) {
    if (!o.cancelled_at || st.status == s::completed) continue;
    st.status = s::skipped;
    st.saw(o.cancelled());
  }
  return settle_all(std::move(steps), said, o.order_ref);
}

std::vector<step> project_steps(const project_state& state, const conclusions& all, const zone& tz, std::string_view station,
                                const said_about_steps& said) {
  std::vector<drawn> steps;
  steps.reserve(8);
  steps.push_back(inspiration(state.seen));
  steps.push_back(quote(state.seen, step_type::quote_products, t::quote_products_created, t::quote_products_sent,
                        t::quote_products_accepted, t::quote_products_expired));
  steps.push_back(quote(state.seen, step_type::quote_installation, t::quote_installation_created, t::quote_installation_sent,
                        t::quote_installation_accepted, std::nullopt));

  drawn waiting(step_type::consolidation_in_progress);
  drawn whole(step_type::consolidation_complete);
  if (all.consolidation) {
    const auto status = all.consolidation->status;
    const auto complete_at = consolidation_complete_at(state, station);
    if (status != consolidation_status::waiting) waiting.start(consolidation_started_at(state, station));
    if (status == consolidation_status::complete) waiting.complete(complete_at);
    if (status == consolidation_status::partial_approved) waiting.complete(time_of(consent_of(state).since));
    if (status == consolidation_status::complete) whole.complete(complete_at);
    if (all.consolidation->estimated_complete_date) whole.expected_at = tz.at(*all.consolidation->estimated_complete_date);
    const auto incident = state.seen.last_of(t::consolidation_exception);
    waiting.saw(incident);
    if (incident && waiting.status != s::completed && incident > state.seen.last_of(t::consolidation_order_arrived)) waiting.status = s::anomaly;
  }
  steps.push_back(std::move(waiting));
  steps.push_back(std::move(whole));

  auto expected = promised_start(all, tz);
  const auto all_delivered = delivered(state);
  const auto* tour = current_lastmile(state);
  if (tour != nullptr && tour->slot_start.has() && (all_delivered || !awaits_tour(state, *tour))) expected = tour->slot_start.value;
  steps.push_back(lastmile_scheduled(state, expected, all_delivered.has_value()));
  steps.push_back(lastmile_delivered(state, expected, all_delivered));

  drawn closing(step_type::project_closed);
  if (all.status == project_status::completed) closing.complete(closed_at(state, all.auto_closed_at));
  else if (all.status == project_status::cancelled) closing.status = s::skipped;
  if (state.closed.has()) closing.saw(std::optional(state.closed.as_of));
  steps.push_back(std::move(closing));

  return settle_all(std::move(steps), said);
}

std::vector<step> installation_steps(const installation& i, const conclusions& all, const zone& tz,
                                     const said_about_steps& said) {
  std::vector<drawn> steps;
  steps.reserve(4);
  std::optional<instant> expected = i.scheduled_start.value;
  if (!expected && all.promised_installation_date) expected = tz.at(*all.promised_installation_date);

  drawn scheduled(step_type::installation_scheduled);
  scheduled.expected_at = expected;
  scheduled.complete(i.first_scheduled_at);
  steps.push_back(std::move(scheduled));

  drawn execution(step_type::installation_execution);
  execution.expected_at = expected;
  execution.start(earlier(i.started_at, earlier(i.seen.first(t::installation_partial), i.seen.first(t::installation_issue))));
  execution.saw(i.seen.last_of(t::installation_started));
  execution.saw(i.seen.last_of(t::installation_partial));
  execution.saw(i.seen.last_of(t::installation_issue));
  // Whatever was reported last tells how it stands.
  const auto partial = i.seen.last_of(t::installation_partial);
  const auto issue = i.seen.last_of(t::installation_issue);
  const auto completed = i.seen.last_of(t::installation_completed);
  const auto going_on = later(completed, i.seen.last_of(t::installation_started));
  execution.saw(completed);
  if (completed && !(later(partial, issue) > completed)) execution.complete(completed->at);
  else if (issue && !(going_on > issue)) execution.status = s::anomaly;
  else if (i.closed && !completed) execution.complete(i.closed->at);
  steps.push_back(std::move(execution));

  drawn report(step_type::installation_report);
  report.complete(i.report_submitted_at);
  steps.push_back(std::move(report));

  drawn closed(step_type::installation_closed);
  if (i.status.value == installation_status::closed) closed.complete(time_of(i.closed));
  steps.push_back(std::move(closed));

  if (i.status.value == installation_status::cancelled) {
    steps.front().status = s::pending;  // a schedule that was called off is none
    for (auto& st : steps) {
      st.saw(i.status.as_of);
      if (st.status != s::completed) st.status = s::skipped;
    }
  }
  return settle_all(std::move(steps), said);
}

}  // namespace plo::fold
