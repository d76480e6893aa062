#include "domain/rules/rule.hpp"

#include "base/json.hpp"

namespace plo::rules {

std::optional<offset> offset::parse(std::string_view duration) {
  const auto whole = parse_duration(duration);
  if (!whole) return std::nullopt;
  const auto time = duration.find('T');
  const auto date_part = duration.substr(0, time);
  offset o;
  if (date_part.ends_with('P')) {
    o.rest = *whole;
  } else {
    const auto days = parse_duration(date_part);
    if (!days) return std::nullopt;
    constexpr milliseconds day = std::chrono::hours(24);
    o.days = *days / day;
    o.rest = *whole - o.days * day;
  }
  return o;
}

parameters::parameters() : all_(value::of(std::span<const member>{})) {}

parameters parameters::of(json::element object) {
  struct owner {
    std::optional<json_document> document;
    std::pmr::monotonic_buffer_resource memory;
  };
  parameters p;
  p.text_ = simdjson::to_string(object);
  auto kept = std::make_shared<owner>();
  auto parsed = json_document::parse(p.text_);
  if (!parsed) return {};
  kept->document.emplace(std::move(*parsed));
  p.all_ = from_json(kept->document->root(), kept->memory);
  p.owner_ = std::move(kept);
  return p;
}

void write(json_writer& json, const std::vector<action>& actions) {
  json.begin_array();
  for (const auto& a : actions) {
    json.begin_object();
    switch (a.what) {
      case action::verb::notify: json.field("do", "notify").field("to", a.to); break;
      case action::verb::ticket:
        json.field("do", "ticket").field("to", a.to);
        if (!a.state.empty()) json.field("state", a.state);
        break;
      case action::verb::block:
        json.field("do", "block");
        if (a.step) json.field("step", to_string(*a.step));
        break;
      case action::verb::escalate: json.field("do", "escalate"); break;
    }
    json.end_object();
  }
  json.end_array();
}

std::string to_json(const rule& r) {
  json_writer json;
  json.begin_object().field("id", r.id).field("name", r.name).field("scope", to_string(r.scope));
  json.key("step_type");
  if (r.step) json.value(to_string(*r.step));
  else json.null();
  json.field("severity", to_string(r.severity));
  if (r.deadline) {
    json.key("deadline").begin_object().field("anchor", r.deadline->anchor);
    if (!r.deadline->after.empty()) json.field("offset", r.deadline->after);
    if (!r.deadline->offset_param.empty()) json.field("offset_param", r.deadline->offset_param);
    if (r.deadline->business) json.field("calendar", "business");
    json.end_object();
  } else {
    json.field_strings("on", r.on);
  }
  json.field_raw("when", r.when ? r.when->definition() : "true");
  if (r.resolve_when) json.field_raw("resolve_when", r.resolve_when->definition());
  json.key("actions");
  write(json, r.actions);
  json.field_raw("params", r.params.text()).field("active", r.active);
  json.field("dedup", r.dedup_text);
  if (r.escalate_after) json.field("escalate_after", r.escalate_text);
  json.end_object();
  return json.str();
}

std::string to_json(const std::vector<rule_override>& overrides) {
  json_writer json;
  json.begin_array();
  for (const auto& o : overrides) {
    json.begin_object();
    if (!o.store_id.empty()) json.field("store_id", o.store_id);
    if (!o.project_type.empty()) json.field("project_type", o.project_type);
    if (o.params) json.field_raw("params", o.params->text());
    if (o.severity) json.field("severity", to_string(*o.severity));
    if (o.active) json.field("active", *o.active);
    if (o.actions) {
      json.key("actions");
      write(json, *o.actions);
    }
    json.end_object();
  }
  json.end_array();
  return json.str();
}

}  // namespace plo::rules
