// What the causing event says, read as leniently as it was accepted.
#include <algorithm>

#include <fmt/format.h>

#include "domain/project/messages/view.hpp"

namespace plo::notifications {

namespace {

constexpr std::size_t max_said = 600;  // characters of free text

/// The first of these fields that is there, as text.
std::string first_of(const json_fields& fields, std::initializer_list<const char*> names, const wording& words) {
  for (const char* name : names) {
    if (const auto text = fields.text(name)) return std::string(*text);
    if (const auto number = fields.number(name)) return words.number(*number);
  }
  return {};
}

/// The articles of a list that holds SKUs, or objects with an SKU and quantities.
std::vector<view> articles(const json_fields& payload, const char* list, const occasion& told, const order* of, const wording& words) {
  std::vector<view> items;
  if (const auto objects = payload.objects(list)) {
    for (const auto& o : *objects) {
      const auto sku = first_of(o, {"sku", "product", "ref", "reference", "article"}, words);
      auto item = product_item(told.project, of, sku, words);
      const auto set = [&](const char* name, std::initializer_list<const char*> fields) {
        if (const auto text = first_of(o, fields, words); !text.empty()) item.set(name, one_line(text, 200));
      };
      set("label", {"label", "name", "description"});
      set("asked", {"expected_qty", "ordered_qty", "requested_qty", "asked_qty", "qty", "quantity"});
      set("available", {"available_qty", "picked_qty", "found_qty", "actual_qty", "counted_qty", "available"});
      item.set("reason", one_line(first_of(o, {"reason", "comment", "issue", "problem"}, words), 200));
      items.push_back(std::move(item));
    }
  }
  if (const auto skus = payload.texts(list)) {
    for (const auto& sku : *skus) {
      items.push_back(product_item(told.project, of, sku, words));
      items.back().set("reason", std::string());
    }
  }
  return items;
}

/// Articles in short supply: those that the event names, else those that the state knows to be short.
std::vector<view> shortage(const json_fields* payload, const occasion& told, const order* of, const wording& words) {
  if (payload != nullptr) {
    auto named = articles(*payload, "lines", told, of, words);
    if (named.empty()) named = articles(*payload, "skus", told, of, words);
    if (!named.empty()) return named;
  }
  std::vector<view> short_ones;
  for (const auto& o : told.project.orders) {
    if (of != nullptr && &o != of) continue;
    for (const auto& stock : o.stock)
      if (stock.said.value == stock_status::shortage) short_ones.push_back(product_item(told.project, &o, stock.sku, words));
  }
  return short_ones;
}

/// The shipment that the event names, else the order's that was heard of last.
const shipment* shipment_of(const json_fields* payload, const order* of) {
  if (of == nullptr || of->shipments.empty()) return nullptr;
  if (payload != nullptr)
    if (const auto id = payload->text("shipment_id"))
      for (const auto& s : of->shipments)
        if (s.shipment_id == *id) return &s;
  return &*std::max_element(of->shipments.begin(), of->shipments.end(),
                            [](const shipment& a, const shipment& b) { return a.last_event_at < b.last_event_at; });
}

view shipment_part(const shipment& s, const wording& words) {
  view part;
  put(part, "id", s.shipment_id);
  put(part, "carrier", s.carrier);
  put(part, "tracking", s.carrier_tracking_ref);
  put(part, "station", s.destination_station_name.empty() ? s.destination_station_id : s.destination_station_name);
  if (s.leg_number) put(part, "leg", std::to_string(*s.leg_number));
  if (s.estimated_arrival.value) put(part, "eta", words.moment(*s.estimated_arrival.value));
  if (s.last_event_at) put(part, "last_event", words.moment(*s.last_event_at));
  return part;
}

void add_quote(view& into, const json_fields& payload, const wording& words) {
  view quote;
  put(quote, "id", payload.text("quote_id").value_or(""));
  if (const auto until = payload.day("valid_until")) put(quote, "valid_until", words.day(*until));
  into.set("quote", quote);
  std::vector<view> lines;
  for (const auto& line : payload.objects("lines").value_or(std::vector<json_fields>())) {
    const auto status = line.text("catalog_status").value_or("available");
    if (status == "available") continue;
    view item;
    item.set("sku", std::string(line.text("sku").value_or("–")));
    item.set("asked", line.number("qty") ? words.number(*line.number("qty")) : std::string());
    item.set("state", words.word(fmt::format("catalog_{}", status)));
    lines.push_back(std::move(item));
  }
  put_list(into, "quote_lines", lines);
}

}  // namespace

void add_cause(view& into, const occasion& told, const json_fields* payload, const order* of, const wording& words) {
  if (const auto* shipped = shipment_of(payload, of)) into.set("shipment", shipment_part(*shipped, words));
  put_list(into, "shortage", shortage(payload, told, of, words));
  if (told.cause == nullptr) return;

  view cause;
  put(cause, "type", told.cause->type);
  put(cause, "source", told.cause->source);
  put(cause, "source_ref", told.cause->source_ref);
  put(cause, "at", words.moment(told.cause->occurred_at));
  put(cause, "comment", told.cause->comment);
  if (payload != nullptr) {
    if (auto said = one_line(first_of(*payload, {"reason", "description", "comment", "message", "details"}, words), max_said); !said.empty())
      cause.set("said", said);
    if (const auto severity = payload->text("severity")) put(cause, "severity", words.word(fmt::format("issue_{}", *severity)));
    if (const auto eta = payload->day("estimated_arrival")) put(cause, "eta_day", words.day(*eta));
    if (const auto eta = payload->day("estimated_complete_date")) put(cause, "complete_day", words.day(*eta));
    if (const auto signature = payload->object("customer_signature"))
      put(cause, "signature_reason", signature->text("reason").value_or(""));
    if (const auto trained = payload->texts("trained_for"))
      put(cause, "trained_for", trained->empty() ? words.word("nothing") : fmt::format("{}", fmt::join(*trained, ", ")));
    put_list(into, "picking", articles(*payload, "lines", told, of, words));
    put_list(into, "missing_products", articles(*payload, "missing_products", told, of, words));
    if (told.cause->type.starts_with("quote_products.")) add_quote(into, *payload, words);
    if (const auto score = payload->number("score")) {
      view survey;
      survey.set("score", words.number(*score));
      survey.set("scale", words.number(payload->number("scale").value_or(5)));
      into.set("survey", survey);
    }
    if (const auto by = payload->text("replacement_sku")) {
      view replacement = product_item(told.project, of, payload->text("sku").value_or("–"), words);
      replacement.set("by", one_line(*by, 200));
      into.set("replacement", replacement);
    }
  }
  into.set("cause", cause);
}

}  // namespace plo::notifications
