#include <algorithm>

#include "domain/event/upcast.hpp"
#include "domain/project/conclude.hpp"
#include "domain/project/evolve_parts.hpp"
#include "domain/project/stores.hpp"

namespace plo {

namespace fold {

std::vector<step> pending_steps(step_scope scope) {
  const auto range = [](step_type first, step_type last) {
    std::vector<step> steps;
    for (auto t = static_cast<int>(first); t <= static_cast<int>(last); ++t) {
      steps.emplace_back();
      steps.back().type = static_cast<step_type>(t);
    }
    return steps;
  };
  switch (scope) {
    case step_scope::project: return range(step_type::inspiration, step_type::project_closed);
    case step_scope::order: return range(step_type::order_confirmed, step_type::shipment_arrived_at_station);
    case step_scope::installation: return range(step_type::installation_scheduled, step_type::installation_closed);
  }
  return {};
}

order& order_named(project_state& state, std::string_view order_ref, const event& e) {
  if (const order* known = state.find_order(order_ref)) return state.orders[static_cast<std::size_t>(known - state.orders.data())];
  order fresh;
  fresh.id = {derive_uuid(e.id.value, "order:" + std::string(order_ref))};
  fresh.order_ref = order_ref;
  fresh.concluded.steps = pending_steps(step_scope::order);
  state.orders.push_back(std::move(fresh));
  name_missing_orders(state);
  return state.orders.back();
}

}  // namespace fold

namespace {

using fold::fact;
using t = event_type;

void learn_reference(project_state& state, reference_kind kind, const std::string& source, std::string_view ref) {
  if (ref.empty()) return;
  reference r{kind, source, std::string(ref)};
  const auto at = std::lower_bound(state.refs.begin(), state.refs.end(), r);
  if (at == state.refs.end() || *at != r) state.refs.insert(at, std::move(r));
}

void learn_references(project_state& state, const event& e, const payload* data) {
  if (!e.project_ref.empty()) {
    if (std::find(state.project_refs.begin(), state.project_refs.end(), e.project_ref) == state.project_refs.end()) {
      state.project_refs.push_back(e.project_ref);
    }
    learn_reference(state, reference_kind::project, e.source, e.project_ref);
  }
  learn_reference(state, reference_kind::order, e.source, e.order_ref);
  if (data == nullptr) return;
  const auto& fields = data->fields();
  learn_reference(state, reference_kind::order, e.source, fields.text("order_ref").value_or(""));
  learn_reference(state, reference_kind::shipment, e.source, fields.text("shipment_id").value_or(""));
  learn_reference(state, reference_kind::lastmile, e.source, fields.text("lastmile_id").value_or(""));
  learn_reference(state, reference_kind::installation, e.source, fields.text("installation_id").value_or(""));
}

void project_created(project_state& state, const fact& f) {
  state.project_type.set_if(f.data->text("project_type"), f.at);
  state.channel_origin.set_if(f.data->text("channel_origin"), f.at);
  if (state.store_id.set_if(f.data->text("store_id"), f.at)) fold::resolve_slots(state, f.settings.tz);
  state.customer_name.set_if(f.data->text("customer_name"), f.at);
  state.customer_email.set_if(f.data->text("customer_email"), f.at);
  state.metadata.set_if(f.data.raw("metadata"), f.at);
  state.installation_required.set_if(f.data->flag("installation_required"), f.at);
  state.promised_installation_date_of_project.set_if(f.data->day("promised_installation_date"), f.at);
}

/// What project.created says about the customer stands; until then the earliest event that names one.
void customer_named(project_state& state, const fact& f) {
  const auto customer = f.data->text("customer_id");
  if (!customer) return;
  if (f.type == t::project_created) {
    if (!state.customer_stated) state.customer_id = {};
    state.customer_stated = true;
    state.customer_id.set(std::string(*customer), f.at);
  } else if (!state.customer_stated && (!state.customer_id.has() || f.at < state.customer_id.as_of)) {
    state.customer_id = {std::string(*customer), f.at};
  }
}

bool is_shipment_event(t type) {
  return type >= t::shipment_dispatched && type <= t::shipment_exception;
}

std::vector<order*> orders_of(project_state& state, const fact& f) {
  std::string_view ref = f.data->text("order_ref").value_or("");
  if (ref.empty()) ref = f.source.order_ref;
  if (!ref.empty()) return {&fold::order_named(state, ref, f.source)};
  if (state.orders.empty() && f.type == t::order_confirmed) {
    // A source with one order per project may not name it: the project's reference is the order's.
    std::string_view own = f.source.project_ref;
    if (own.empty()) own = state.project_refs.empty() ? f.source.source_ref : state.project_refs.front();
    if (!own.empty()) return {&fold::order_named(state, own, f.source)};
  }
  std::vector<order*> found;
  for (const auto* o : orders_concerned(state, f.source, f.data)) found.push_back(&state.orders[static_cast<std::size_t>(o - state.orders.data())]);
  return found;
}

fold::not_applied order_scoped_event(project_state& state, const fact& f) {
  const auto concerned = orders_of(state, f);
  if (concerned.empty()) return state.orders.empty() ? "no order is known that it could be about" : "it names no order, and the project has several";
  fold::not_applied refused;
  for (order* o : concerned) {
    const auto of_order = is_shipment_event(f.type) ? fold::shipment_event(*o, f) : fold::order_event(*o, f);
    if (o == concerned.front() || of_order.empty()) refused = of_order;
  }
  if (f.type == t::order_confirmed) fold::open_consolidation(state, f.source);
  return refused;
}

fold::not_applied order_arrived(project_state& state, const fact& f) {
  const auto concerned = orders_of(state, f);
  for (order* o : concerned) keep_earliest(o->arrived_at_station, f.at);
  return concerned.empty() ? "it names no order, and the project has several" : fold::not_applied();
}

fold::not_applied catalogued_event(project_state& state, const catalogue_entry& entry, const fact& f) {
  customer_named(state, f);
  if (entry.scope == event_scope::order) return order_scoped_event(state, f);

  state.seen.note(f.type, f.at, f.version);
  // An event about the whole project may still name one of its orders.
  std::string_view ref = f.data->text("order_ref").value_or("");
  if (ref.empty()) ref = f.source.order_ref;
  if (!ref.empty()) (void)fold::order_named(state, ref, f.source);

  fold::not_applied refused;
  switch (entry.scope) {
    case event_scope::consolidation:
      refused = fold::consolidation_event(state, f);
      return f.type == t::consolidation_order_arrived ? order_arrived(state, f) : refused;
    case event_scope::lastmile: return fold::lastmile_event(state, f);
    case event_scope::installation: return fold::installation_event(state, f);
    default: break;
  }
  switch (f.type) {
    case t::project_created: project_created(state, f); break;
    case t::project_closed:
    case t::project_closed_with_issue:
    case t::project_reopened:
      if (f.when() < state.closed.as_of) refused = fold::older;
      state.closed.set(f.type != t::project_reopened, f.when());
      break;
    case t::quote_products_accepted: {
      std::string quote(f.data->text("quote_id").value_or(""));
      auto& held = state.accepted_quotes;
      if (const auto at = std::lower_bound(held.begin(), held.end(), quote); at == held.end() || *at != quote) held.insert(at, std::move(quote));
      break;
    }
    case t::quality_survey_completed:
      if (f.data->number("score") && f.at >= state.survey_since.at) {
        state.survey_since.at = f.at;
        state.survey_score = f.data->number("score");
        state.survey_scale = f.data->number("scale");
      }
      break;
    default: break;
  }
  fold::refresh_closed_at(state);
  return refused;
}

/// From when on an event counts. What a person does now wins over everything that was recorded before, whatever a source's clock said.
sighted counted_from(const project_state& state, const event& e) {
  if (e.kind != event_kind::operator_) return {e.occurred_at, state.events};
  return {std::max(e.occurred_at, state.newest), state.events};
}

/// The zone that the event's days are days of: the project's store's. The event that names the store is the store's already.
const zone& zone_of_event(const project_state& state, const event& e, const domain_settings& settings) {
  if (e.type == "project.created" && settings.stores != nullptr) {
    const auto data = payload::of(e, settings);
    if (const auto named = data ? data->fields().text("store_id") : std::nullopt) return zone_of(*named, settings);
  }
  return zone_of(state, settings);
}

fold::not_applied fold_event(project_state& state, const event& e, const domain_settings& settings) {
  const auto data = payload::of(e, settings);
  if (e.kind == event_kind::derived) {
    if (data) fold::derived_event(state, e, *data);
    return {};
  }
  if (e.kind == event_kind::clock) {
    if (data) fold::clock_event(state, e, *data);
    return {};
  }
  learn_references(state, e, data ? &*data : nullptr);
  const auto when = counted_from(state, e);
  state.newest = std::max(state.newest, when.at);
  if (!data) return {};
  if (const auto* entry = find_type(e.type)) return catalogued_event(state, *entry, {entry->type, when.at, when.version, e, *data, settings});
  if (e.kind == event_kind::operator_) fold::operator_event(state, e, *data, when);
  return {};
}

}  // namespace

std::vector<const order*> orders_concerned(const project_state& state, const event& e, const payload& data) {
  std::string_view ref = data->text("order_ref").value_or("");
  if (ref.empty()) ref = e.order_ref;
  if (!ref.empty()) {
    const auto* named = state.find_order(ref);
    return named ? std::vector{named} : std::vector<const order*>{};
  }
  std::vector<const order*> found;
  const auto* known = find_type(canonical_type(e.type));
  if (const auto id = data->text("shipment_id"); id && known != nullptr && is_shipment_event(known->type)) {
    for (const auto& o : state.orders) {
      if (std::any_of(o.shipments.begin(), o.shipments.end(), [&](const shipment& s) { return s.shipment_id == *id; })) found.push_back(&o);
    }
  }
  if (found.empty() && state.orders.size() == 1) found.push_back(&state.orders.front());
  return found;
}

std::string_view evolve(project_state& state, const event& e, const domain_settings& settings) {
  ++state.events;
  if (!state.exists) {
    state.exists = true;
    state.created_at = e.occurred_at;
    state.steps = fold::pending_steps(step_scope::project);
  }
  state.updated_at = e.recorded_at;
  const auto fold_by = [&](const domain_settings& by) { return is_outdated(e) ? fold_event(state, upcast(e), by) : fold_event(state, e, by); };
  const auto& tz = zone_of_event(state, e, settings);
  if (&tz == &settings.tz) return fold_by(settings);
  auto of_store = settings;
  of_store.tz = tz;
  return fold_by(of_store);
}

}  // namespace plo
