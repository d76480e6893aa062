#include "domain/project/messages/view.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "domain/project/conclude.hpp"
#include "domain/project/entity.hpp"

namespace plo::notifications {

namespace {

constexpr std::size_t max_listed = 40;
constexpr std::size_t max_text = 300;  // characters of one value

std::string joined(const std::vector<std::string>& texts) { return fmt::format("{}", fmt::join(texts, ", ")); }

void put_time(view& into, const char* name, std::optional<instant> at, const wording& words) {
  if (at) put(into, name, words.moment(*at));
}
void put_day(view& into, const char* name, std::optional<local_day> day, const wording& words) {
  if (day) put(into, name, words.day(*day));
}

view line_item(const project_state& project, const order& of, const order_line& line, const wording& words) {
  auto item = product_item(project, &of, line.sku, words);
  item.set("asked", words.number(line.quantity));
  item.set("label", line.label);
  item.set("order_ref", of.order_ref);
  item.set("state", words.word(fmt::format("stock_{}", to_string(line.stock.value.value_or(stock_status::unknown)))));
  return item;
}

/// How far ahead something lies, seen from the moment of the anomaly; nothing when it is past.
void put_ahead(view& into, const char* name, std::optional<instant> at, std::optional<instant> seen_from, const wording& words) {
  if (at && seen_from && *at > *seen_from) put(into, name, words.duration(*at - *seen_from));
}

/// The first address of the project's orders, in JSON.
std::string address_of(const project_state& project, dated<std::string> order::*kind) {
  for (const auto& o : project.orders)
    if (const auto& address = (o.*kind).value; address && !o.cancelled_at) return *address;
  return "\"\"";
}

view project_part(const project_state& project, const wording& words) {
  view part;
  put(part, "id", project.id.to_string());
  put(part, "refs", joined(project.project_refs));
  put(part, "type", project.project_type.value.value_or(""));
  put(part, "store", project.store_id.value.value_or(""));
  put(part, "channel", project.channel_origin.value.value_or(""));
  put(part, "status", words.word(fmt::format("project_{}", to_string(project.status))));
  const auto& id = project.customer_id.value.value_or("");
  const auto& name = project.customer_name.value.value_or("");
  put(part, "customer", name.empty() || id.empty() ? name + id : fmt::format("{} ({})", name, id));
  put(part, "customer_email", project.customer_email.value.value_or(""));
  put_day(part, "promised_delivery", project.promised_delivery_date, words);
  put_day(part, "promised_installation", project.promised_installation_date, words);
  put(part, "delivery_address", wording::address(address_of(project, &order::delivery_address)));
  put(part, "installation_address", wording::address(address_of(project, &order::installation_address)));
  put_time(part, "survey_sent", project.seen.last(event_type::quality_survey_sent), words);
  return part;
}

view order_part(const project_state& project, const order& of, std::optional<instant> seen_from, const wording& words) {
  view part;
  put(part, "ref", of.order_ref);
  put(part, "status", words.word(fmt::format("order_{}", to_string(of.concluded.status))));
  put_day(part, "promised", of.promised_delivery_date.value, words);
  put_day(part, "promised_installation", of.promised_installation_date.value, words);
  put_time(part, "eta", of.concluded.latest_eta, words);
  put_time(part, "last_shipment_event", of.concluded.last_shipment_event_at, words);
  const auto* tour = tour_for(project, of);
  if (tour != nullptr) {
    put(part, "delivery_start", words.slot(*tour->slot_start.value, tour->slot_end.value));
    put_ahead(part, "delivery_in", tour->slot_start.value, seen_from, words);
  } else if (const auto day = of.promised_delivery_date.value) {
    put(part, "delivery_start", words.day(*day));
    put_ahead(part, "delivery_in", words.tz().at(*day), seen_from, words);
  }
  put(part, "delivery_address", wording::address(of.delivery_address.value.value_or("\"\"")));
  put(part, "installation_address", wording::address(of.installation_address.value.value_or("\"\"")));
  return part;
}

view consolidation_part(const consolidation& c, const wording& words) {
  view part;
  const auto& name = c.station_name.value.value_or("");
  put(part, "station", name.empty() ? c.station_id.value.value_or("") : name);
  put(part, "status", words.word(fmt::format("consolidation_{}", to_string(c.concluded.status))));
  put_day(part, "estimated", c.concluded.estimated_complete_date ? c.concluded.estimated_complete_date : c.estimated_by_oms.value, words);
  put(part, "missing", joined(c.concluded.orders_missing));
  put(part, "arrived", joined(c.concluded.orders_arrived));
  part.set("required_count", std::to_string(c.concluded.orders_required.size()));
  part.set("arrived_count", std::to_string(c.concluded.orders_arrived.size()));
  return part;
}

view lastmile_part(const lastmile& l, const wording& words) {
  view part;
  put(part, "id", l.lastmile_id);
  put(part, "carrier", l.carrier.value.value_or(""));
  put(part, "tracking", l.carrier_tracking_ref.value.value_or(""));
  if (l.slot_start.value) put(part, "slot", words.slot(*l.slot_start.value, l.slot_end.value));
  put_time(part, "previous_slot", l.previous_slot_start, words);
  put(part, "missing", joined(l.missing_order_ids.value.value_or(std::vector<std::string>())));
  put(part, "pod_url", l.pod_url.value.value_or(""));
  return part;
}

view installation_part(const installation& i, std::optional<instant> seen_from, const wording& words) {
  view part;
  put(part, "id", i.installation_id);
  put(part, "installer", i.installer_id.value.value_or(""));
  put(part, "technician", i.technician_id.value.value_or(""));
  if (i.scheduled_start.value) put(part, "slot", words.slot(*i.scheduled_start.value, i.scheduled_end.value));
  put_ahead(part, "starts_in", i.scheduled_start.value, seen_from, words);
  put_time(part, "started", i.started_at, words);
  put_time(part, "completed", i.completed_at, words);
  return part;
}

/// The orders that a message about the whole project speaks of, and everything in them.
void add_orders(view& into, const project_state& project, const order* of, const wording& words) {
  std::vector<view> orders, products;
  for (const auto& o : project.orders) {
    if (of != nullptr && &o != of) continue;
    if (o.cancelled_at) continue;
    auto item = order_part(project, o, {}, words);
    // An item's own keys hide the view's: what an order does not have must not be taken from elsewhere.
    item.set("when", words.word("unknown"));
    put_time(item, "when", o.concluded.latest_eta, words);
    if (o.concluded.arrived) put(item, "when", words.word("arrived_at_station"));
    if (o.concluded.delivered) put(item, "when", words.word("delivered"));
    put_day(item, "promised_or_none", o.promised_delivery_date.value, words);
    orders.push_back(std::move(item));
    for (const auto& line : o.lines) products.push_back(line_item(project, o, line, words));
  }
  put_list(into, "orders", orders);
  put_list(into, "products", products);
}

/// What the condition read, for rules that nobody has written a text for.
void add_facts(view& into, const anomaly& found, const wording&) {
  const auto document = json_document::parse(found.facts);
  simdjson::dom::array facts;
  if (!document || document->root().get_array().get(facts)) return;
  std::vector<view> items;
  for (const auto fact : facts) {
    view item;
    item.set("path", std::string(json::get_string(fact, "path").value_or("")));
    const auto value = json::get(fact, "value");
    std::string_view text;
    item.set("value", one_line(!value ? "–" : !value->get_string().get(text) ? std::string(text) : simdjson::minify(*value), max_text));
    items.push_back(std::move(item));
  }
  put_list(into, "facts", items);
}

std::string about(const occasion& told, const order* of, const wording& words) {
  const auto refs = joined(told.project.project_refs);
  const auto& scope = told.request.scope;
  if (scope == "order" && of != nullptr) return fmt::format("{} {}", words.word("scope_order"), of->order_ref);
  if (scope.empty() || scope == "project") return fmt::format("{} {}", words.word("scope_project"), refs);
  return fmt::format("{} {} {}", words.word("scope_" + scope), words.word("of_project"), refs);
}

}  // namespace

void put(view& into, const char* name, std::string_view text) {
  if (auto line = one_line(text, max_text); !line.empty()) into.set(name, line);
}

void put_list(view& into, const std::string& name, const std::vector<view>& items) {
  if (items.empty()) return;
  kainjow::mustache::list list(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(std::min(items.size(), max_listed)));
  into.set(name, list);
  if (items.size() > max_listed) into.set(name + "_more", std::to_string(items.size() - max_listed));
}

view product_item(const project_state& project, const order* of, std::string_view sku, const wording& words) {
  view item;
  std::string label;
  std::optional<double> asked, available;
  for (const auto& o : project.orders) {
    if (of != nullptr && &o != of) continue;
    for (const auto& line : o.lines) {
      if (line.sku != sku) continue;
      if (label.empty()) label = line.label;
      asked = asked.value_or(0) + line.quantity;
    }
    for (const auto& stock : o.stock)
      if (stock.sku == sku && stock.available) available = stock.available;
  }
  item.set("sku", one_line(sku, max_text));
  item.set("label", one_line(label, max_text));
  item.set("asked", asked ? words.number(*asked) : std::string());
  item.set("available", available ? words.number(*available) : std::string());
  return item;
}

const order* order_of(const occasion& told, const json_fields* cause) {
  const auto& project = told.project;
  if (told.found != nullptr && !told.found->order_ref.empty()) return project.find_order(told.found->order_ref);
  if (told.request.scope == "order" || told.request.scope.empty())
    if (const auto* named = project.find_order(told.request.entity)) return named;
  if (cause != nullptr)
    if (const auto ref = cause->text("order_ref")) return project.find_order(*ref);
  return project.orders.size() == 1 ? &project.orders.front() : nullptr;
}

view make_view(const occasion& told, const message_settings& settings, const wording& words) {
  const auto& request = told.request;
  const auto& project = told.project;
  view all;
  put(all, "rule_id", request.rule_id);
  put(all, "rule_name", request.rule_name);
  put(all, "severity", words.word(request.severity));
  put(all, "recipient", request.recipient);
  put(all, "anomaly_id", request.anomaly_id.to_string());
  put(all, "notification_id", request.id.to_string());
  all.set("critical", request.severity == "critical");
  all.set("link", fmt::format("{}/projects/{}", settings.public_url.substr(0, settings.public_url.find_last_not_of('/') + 1),
                              request.project.to_string()));
  if (const auto* found = told.found) {
    put(all, "raised_at", words.moment(found->raised_at));
    put_time(all, "deadline", found->cause_deadline, words);
    if (found->occurrences > 1) put(all, "occurrences", std::to_string(found->occurrences));
    if (found->escalated_at && *found->escalated_at - found->raised_at >= std::chrono::minutes(1))
      put(all, "waited", words.duration(*found->escalated_at - found->raised_at));
    add_facts(all, *found, words);
  }
  std::optional<instant> seen_from;
  if (told.found != nullptr) seen_from = told.found->raised_at;
  if (told.cause != nullptr) seen_from = told.cause->occurred_at;
  const auto settings_of_fold = domain_settings{words.tz()};  // countries play no part in reading a payload
  const auto payload = told.cause != nullptr ? plo::payload::of(*told.cause, settings_of_fold) : std::nullopt;
  const json_fields* said = payload ? &payload->fields() : nullptr;
  const auto* of = order_of(told, said);

  all.set("project", project_part(project, words));
  if (of != nullptr) all.set("order", order_part(project, *of, seen_from, words));
  if (project.consolidation) all.set("consolidation", consolidation_part(*project.consolidation, words));
  // What the message is about, else what matters now.
  const auto scope = parse_event_scope(request.scope).value_or(event_scope::project);
  const auto judged = find_entity(key_of(scope, request.entity), project);
  if (const auto* tour = judged.tour ? judged.tour : current_lastmile(project)) all.set("lastmile", lastmile_part(*tour, words));
  if (const auto* visit = judged.visit ? judged.visit : current_installation(project)) all.set("installation", installation_part(*visit, seen_from, words));
  add_orders(all, project, of, words);
  add_cause(all, told, said, of, words);
  put(all, "about", about(told, of, words));
  return all;
}

}  // namespace plo::notifications
