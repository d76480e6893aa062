// Reading and checking definitions: every mistake with a pointer to its place.
#include "domain/rules/rule.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/json.hpp"

namespace plo::rules {

namespace {

constexpr std::string_view fact_roots[] = {"event", "project", "order", "consolidation", "lastmile", "installation",
                                           "steps", "params", "now"};
constexpr std::string_view resolve_roots[] = {"event", "project", "order", "consolidation", "lastmile", "installation",
                                              "steps", "params", "now", "anomaly"};
constexpr std::size_t max_id = 64, max_name = 200, max_list = 50, max_params = 100;
constexpr std::size_t max_params_depth = 8;

bool is_identifier(std::string_view text) {
  return !text.empty() && text.size() <= max_id && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

std::optional<event_severity> parse_severity(std::string_view text) {
  if (text == "warning") return event_severity::warning;
  if (text == "critical") return event_severity::critical;
  return std::nullopt;
}

std::string escaped(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c == '~') out += "~0";
    else if (c == '/') out += "~1";
    else out += c;
  }
  return out;
}

/// Reads the members of one object and remembers what is wrong with them.
class reader {
public:
  reader(json::element object, std::string at, definition_errors& errors)
      : object_(object), at_(std::move(at)), errors_(errors) {}

  /// Of one place the first thing that is wrong is told: the others follow from it.
  void fail(std::string_view key, std::string message) {
    auto place = pointer(key);
    if (std::none_of(errors_.begin(), errors_.end(), [&](const definition_error& e) { return e.pointer == place; }))
      errors_.push_back({std::move(place), std::move(message)});
  }
  [[nodiscard]] std::string pointer(std::string_view key) const {
    return key.empty() ? at_ : fmt::format("{}/{}", at_, escaped(key));
  }
  /// Members that `known` does not name.
  void only(std::initializer_list<std::string_view> known) {
    for (const auto member : simdjson::dom::object(object_)) {
      if (std::find(known.begin(), known.end(), std::string_view(member.key)) == known.end())
        fail(member.key, fmt::format("unknown field '{}'", std::string_view(member.key)));
    }
  }
  [[nodiscard]] std::optional<json::element> get(std::string_view key) const { return json::get(object_, key); }

  std::optional<std::string_view> text(std::string_view key, std::size_t longest = 1000) {
    const auto found = get(key);
    if (!found) return std::nullopt;
    if (!found->is_string()) return fail(key, "must be a text"), std::nullopt;
    const std::string_view text = found->get_string().value_unsafe();
    if (text.size() > longest) return fail(key, fmt::format("is longer than {} bytes", longest)), std::nullopt;
    return text;
  }
  std::optional<bool> flag(std::string_view key) {
    const auto found = get(key);
    if (!found) return std::nullopt;
    if (!found->is_bool()) return fail(key, "must be true or false"), std::nullopt;
    return found->get_bool().value_unsafe();
  }
  /// A text that `parse` turns into a value.
  template <class Parse>
  auto word(std::string_view key, Parse parse, std::string_view expected) -> decltype(parse("")) {
    const auto found = text(key);
    if (!found) return std::nullopt;
    auto parsed = parse(*found);
    if (!parsed) fail(key, fmt::format("'{}' is not {}", *found, expected));
    return parsed;
  }
  std::optional<milliseconds> duration(std::string_view key) {
    return word(key, [](std::string_view t) { return parse_duration(t); }, "an ISO 8601 duration such as PT4H or P3D");
  }

private:
  json::element object_;
  std::string at_;
  definition_errors& errors_;
};

std::optional<action> parse_action(json::element from, const std::string& at, definition_errors& errors,
                                   std::optional<step_type> own_step) {
  if (!from.is_object()) {
    errors.push_back({at, "must be an object such as {\"do\": \"notify\", \"to\": \"coordinator\"}"});
    return std::nullopt;
  }
  reader in(from, at, errors);
  const auto verb = in.text("do");
  action a;
  if (verb == "notify") {
    in.only({"do", "to"});
    a.what = action::verb::notify;
  } else if (verb == "ticket") {
    in.only({"do", "to", "state"});
    a.what = action::verb::ticket;
    a.state = in.text("state", max_id).value_or("");
  } else if (verb == "block") {
    in.only({"do", "step"});
    a.what = action::verb::block;
    a.step = in.word("step", parse_step_type, "a step type");
    if (!in.get("step")) a.step = own_step;
    if (!a.step && !in.get("step")) in.fail("step", "which step is blocked must be said, here or as the rule's step_type");
    return a;
  } else if (verb == "escalate") {
    in.only({"do"});
    a.what = action::verb::escalate;
    return a;
  } else {
    in.fail("do", "must be notify, ticket, block or escalate");
    return std::nullopt;
  }
  const auto to = in.text("to", max_id);
  if (!to || !is_identifier(*to)) in.fail("to", "must name a role or a receiver (letters, digits, _ - .)");
  else a.to = *to;
  return a;
}

std::vector<action> parse_actions(json::element from, const std::string& at, definition_errors& errors,
                                  std::optional<step_type> own_step) {
  std::vector<action> actions;
  if (!from.is_array()) {
    errors.push_back({at, "must be a list"});
    return actions;
  }
  for (const auto item : simdjson::dom::array(from)) {
    if (actions.size() == max_list) {
      errors.push_back({at, fmt::format("has more than {} entries", max_list)});
      break;
    }
    if (auto a = parse_action(item, fmt::format("{}/{}", at, actions.size()), errors, own_step)) actions.push_back(std::move(*a));
    else actions.emplace_back();
  }
  return actions;
}

std::size_t depth_of(json::element e) {
  std::size_t deepest = 0;
  if (e.is_array()) {
    for (const auto item : simdjson::dom::array(e)) deepest = std::max(deepest, depth_of(item));
  } else if (e.is_object()) {
    for (const auto member : simdjson::dom::object(e)) deepest = std::max(deepest, depth_of(member.value));
  } else {
    return 0;
  }
  return deepest + 1;
}

std::optional<parameters> parse_params(json::element from, const std::string& at, definition_errors& errors) {
  if (!from.is_object()) {
    errors.push_back({at, "must be an object"});
    return std::nullopt;
  }
  if (simdjson::dom::object(from).size() > max_params || depth_of(from) > max_params_depth) {
    errors.push_back({at, fmt::format("has more than {} members or is deeper than {}", max_params, max_params_depth)});
    return std::nullopt;
  }
  return parameters::of(from);
}

std::vector<std::string> parse_on(json::element from, definition_errors& errors) {
  std::vector<std::string> types;
  if (!from.is_array() || simdjson::dom::array(from).size() == 0) {
    errors.push_back({"/on", "must be a list of event types"});
    return types;
  }
  std::size_t index = 0;
  for (const auto item : simdjson::dom::array(from)) {
    const auto at = fmt::format("/on/{}", index++);
    if (index > max_list) {
      errors.push_back({"/on", fmt::format("has more than {} entries", max_list)});
      break;
    }
    if (!item.is_string()) {
      errors.push_back({at, "must be a text"});
      continue;
    }
    const std::string_view name = item.get_string().value_unsafe();
    const auto present = canonical_type(name);
    if (!is_known_type(present)) errors.push_back({at, fmt::format("unknown event type '{}'", name)});
    else if (std::find(types.begin(), types.end(), present) == types.end()) types.emplace_back(present);
  }
  return types;
}

void parse_deadline(json::element from, rule& r, definition_errors& errors) {
  if (!from.is_object()) {
    errors.push_back({"/deadline", "must be an object such as {\"anchor\": \"order.delivery_start\", \"offset\": \"-PT8H\"}"});
    return;
  }
  reader in(from, "/deadline", errors);
  in.only({"anchor", "offset", "offset_param", "calendar"});
  auto& d = r.deadline.emplace();
  d.anchor = in.text("anchor", 200).value_or("");
  std::string_view rest = d.anchor;
  while (!rest.empty()) {
    const auto dot = rest.find('.');
    d.anchor_path.push_back(rest.substr(0, dot));
    rest = dot == std::string_view::npos ? "" : rest.substr(dot + 1);
  }
  if (d.anchor_path.size() < 2) in.fail("anchor", "must name a fact such as order.delivery_start");
  else if (const auto root = d.anchor_path.front();
           root == "event" || root == "params" || root == "now" ||
           std::find(std::begin(fact_roots), std::end(fact_roots), root) == std::end(fact_roots))
    in.fail("anchor", fmt::format("a deadline cannot hang on '{}'", root));
  d.after = in.text("offset").value_or("");
  d.offset_param = in.text("offset_param", max_id).value_or("");
  d.by = offset::parse(d.after);
  if (!d.after.empty() && !d.by) in.fail("offset", fmt::format("'{}' is not an ISO 8601 duration such as -PT8H", d.after));
  if (d.after.empty() && d.offset_param.empty()) in.fail("offset", "is missing");
  const auto calendar = in.text("calendar");
  if (calendar && *calendar != "business" && *calendar != "calendar") in.fail("calendar", "must be business or calendar");
  d.business = calendar == "business";
}

/// The parameter that a deadline hangs on must be a duration wherever it is set.
void check_offset_param(const rule& r, definition_errors& errors) {
  if (!r.deadline || r.deadline->offset_param.empty()) return;
  const auto given = r.params.get().get(r.deadline->offset_param);
  const auto pointer = fmt::format("/params/{}", escaped(r.deadline->offset_param));
  if (given.is_null()) {
    if (r.deadline->after.empty()) errors.push_back({pointer, "is missing: the deadline's offset is taken from it"});
  } else if (given.what() != value::kind::text || !offset::parse(given.as_text())) {
    errors.push_back({pointer, "must be an ISO 8601 duration such as -PT8H"});
  }
}

std::optional<expression> parse_condition(json::element from, std::string_view at, std::span<const std::string_view> roots,
                                          definition_errors& errors) {
  // Any JSON value is an expression, but one that never looks at a fact is a mistake: most often the text of a condition.
  if (!from.is_bool() && !(from.is_object() && simdjson::dom::object(from).size() == 1)) {
    errors.push_back({std::string(at), "must be a condition: an object with one operator, or true or false"});
    return std::nullopt;
  }
  auto compiled = expression::compile(from, {roots});
  if (compiled) return std::move(*compiled);
  for (auto& error : compiled.error()) errors.push_back({std::string(at) + error.pointer, std::move(error.message)});
  return std::nullopt;
}

}  // namespace

tl::expected<rule_pointer, definition_errors> parse_rule(json::element definition) {
  definition_errors errors;
  if (!definition.is_object()) return tl::make_unexpected(definition_errors{{"", "a rule must be an object"}});
  auto made = std::make_shared<rule>();
  auto& r = *made;
  reader in(definition, "", errors);
  in.only({"id", "name", "scope", "step_type", "severity", "on", "deadline", "when", "resolve_when", "actions", "params",
           "active", "dedup", "escalate_after"});
  const auto required = [&](std::string_view key) {
    if (!in.get(key)) in.fail(key, "is missing");
  };
  for (const auto key : {"id", "scope", "severity"}) required(key);

  r.id = in.text("id").value_or("");
  if (in.get("id") && !is_identifier(r.id)) in.fail("id", "must be 1 to 64 letters, digits, _ - or .");
  r.name = in.text("name", max_name).value_or(r.id);
  r.scope = in.word("scope", parse_event_scope, "project, order, consolidation, lastmile or installation").value_or(event_scope::project);
  r.step = in.word("step_type", parse_step_type, "a step type");
  r.severity = in.word("severity", parse_severity, "warning or critical").value_or(event_severity::warning);

  const auto on = in.get("on");
  const auto at = in.get("deadline");
  if (on.has_value() == at.has_value()) errors.push_back({"", "a rule has either 'on' or 'deadline'"});
  if (on) r.on = parse_on(*on, errors);
  if (at) parse_deadline(*at, r, errors);

  if (const auto when = in.get("when")) r.when = parse_condition(*when, "/when", fact_roots, errors);
  if (const auto until = in.get("resolve_when")) r.resolve_when = parse_condition(*until, "/resolve_when", resolve_roots, errors);
  const auto mentions = [](const std::optional<expression>& e, std::string_view what) {
    return e && e->definition().find(what) != std::string::npos;
  };
  r.reads_before = mentions(r.when, "event.before");
  r.reads_calendar = mentions(r.when, "business_days") || mentions(r.resolve_when, "business_days");
  if (const auto actions = in.get("actions")) r.actions = parse_actions(*actions, "/actions", errors, r.step);
  if (const auto params = in.get("params"))
    if (auto parsed = parse_params(*params, "/params", errors)) r.params = std::move(*parsed);
  check_offset_param(r, errors);
  r.active = in.flag("active").value_or(true);
  const auto not_negative = [&](std::string_view key, std::optional<milliseconds> d) {
    if (d && *d < milliseconds{0}) in.fail(key, "must not be negative");
    return d;
  };
  r.dedup = not_negative("dedup", in.duration("dedup")).value_or(r.dedup);
  r.escalate_after = not_negative("escalate_after", in.duration("escalate_after"));
  r.dedup_text = in.text("dedup").value_or(r.dedup_text);
  r.escalate_text = in.text("escalate_after").value_or("");

  if (!errors.empty()) return tl::make_unexpected(std::move(errors));
  return made;
}

tl::expected<std::vector<rule_override>, definition_errors> parse_overrides(json::element list) {
  definition_errors errors;
  std::vector<rule_override> overrides;
  if (!list.is_array()) return tl::make_unexpected(definition_errors{{"", "must be a list of overrides"}});
  if (simdjson::dom::array(list).size() > max_overrides)
    return tl::make_unexpected(definition_errors{{"", fmt::format("has more than {} entries", max_overrides)}});
  for (const auto item : simdjson::dom::array(list)) {
    const auto at = fmt::format("/{}", overrides.size());
    auto& o = overrides.emplace_back();
    if (!item.is_object()) {
      errors.push_back({at, "must be an object"});
      continue;
    }
    reader in(item, at, errors);
    in.only({"store_id", "project_type", "params", "severity", "active", "actions"});
    o.store_id = in.text("store_id", max_name).value_or("");
    o.project_type = in.text("project_type", max_name).value_or("");
    if (o.store_id.empty() && o.project_type.empty()) errors.push_back({at, "needs a store_id, a project_type, or both"});
    for (std::size_t i = 0; i + 1 < overrides.size(); ++i)
      if (overrides[i].store_id == o.store_id && overrides[i].project_type == o.project_type)
        errors.push_back({at, fmt::format("is for the same store and type as entry {}", i)});
    if (const auto params = in.get("params")) o.params = parse_params(*params, at + "/params", errors);
    o.severity = in.word("severity", parse_severity, "warning or critical");
    o.active = in.flag("active");
    if (const auto actions = in.get("actions")) o.actions = parse_actions(*actions, at + "/actions", errors, std::nullopt);
  }
  if (!errors.empty()) return tl::make_unexpected(std::move(errors));
  return overrides;
}

}  // namespace plo::rules
