#include "domain/event/ingest_event.hpp"

#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "domain/event/catalogue.hpp"
#include "domain/event/event.hpp"
#include "domain/event/payload_schema.hpp"

namespace plo {

namespace {

constexpr std::size_t max_type_size = 100;
constexpr std::size_t max_comment_size = 10'000;

enum member : std::uint8_t {
  source, source_ref, event_type_, project_ref, project_id_, order_ref, correlation_id, comment, occurred_at, payload,
  member_count
};
constexpr std::array<std::string_view, member_count> member_names = {
    "source", "source_ref", "event_type", "project_ref", "project_id", "order_ref", "correlation_id", "comment", "occurred_at", "payload"};

ingest_error invalid(std::string detail, std::vector<field_error> errors) {
  return {ingest_error::kind::invalid, std::move(detail), std::move(errors)};
}

ingest_error from_json(const json_error& error) {
  if (error.what == json_error::kind::not_json) return {ingest_error::kind::not_json, error.detail, {}};
  return invalid(error.detail, {{"", error.detail}});
}

/// The top-level members of a body, each at most once.
struct members {
  std::array<std::optional<json::element>, member_count> value;
  std::size_t payload_index = 0;  // which member of the text the payload is
  std::vector<std::string_view> unknown;
};

tl::expected<members, ingest_error> read_members(json::element root) {
  simdjson::dom::object object;
  if (root.get_object().get(object)) return tl::unexpected(invalid("the body must be a JSON object", {{"", "must be an object"}}));
  members found;
  std::string_view twice;
  bool duplicate = false;
  std::size_t index = 0;
  for (const auto field : object) {
    const auto name = std::find(member_names.begin(), member_names.end(), field.key);
    if (name == member_names.end()) {
      found.unknown.push_back(field.key);
    } else {
      const auto m = static_cast<std::size_t>(name - member_names.begin());
      if (found.value[m]) {
        duplicate = true;
        twice = field.key;
      }
      found.value[m] = field.value;
      if (m == payload) found.payload_index = index;
    }
    ++index;
  }
  if (found.unknown.size() > 1) {
    std::vector<std::string_view> sorted = found.unknown;
    std::sort(sorted.begin(), sorted.end());
    if (const auto same = std::adjacent_find(sorted.begin(), sorted.end()); same != sorted.end()) {
      duplicate = true;
      twice = *same;
    }
  }
  if (duplicate) return tl::unexpected(invalid("a field is given twice", {{pointer_to("", twice), "must be given once"}}));
  return found;
}

/// Checks the fields one by one and notes everything that is wrong.
class field_reader {
public:
  field_reader(const members& m, std::vector<field_error>& errors) : members_(m), errors_(errors) {}

  void refuse(member which, std::string message) { errors_.push_back({pointer_to("", member_names[which]), std::move(message)}); }

  std::string_view required_text(member which, std::size_t limit) {
    if (!members_.value[which]) {
      refuse(which, "is required");
      return {};
    }
    return text(which, *members_.value[which], limit, false);
  }

  /// Null is as good as absent where a field may be left out.
  std::string_view optional_text(member which, std::size_t limit, bool free_text = false) {
    if (!given(which)) return {};
    return text(which, *members_.value[which], limit, free_text);
  }

  bool given(member which) const { return members_.value[which] && !members_.value[which]->is_null(); }

private:
  std::string_view text(member which, json::element value, std::size_t limit, bool free_text) {
    std::string_view found;
    if (value.get_string().get(found)) {
      refuse(which, "must be a string");
    } else if (found.empty() && !free_text) {
      refuse(which, "must not be empty");
    } else if (found.size() > limit) {
      refuse(which, fmt::format("must not be longer than {} bytes", limit));
    } else if (!free_text && has_control_characters(found)) {
      refuse(which, "must not contain control characters");
    } else {
      return found;
    }
    return {};
  }

  const members& members_;
  std::vector<field_error>& errors_;
};

/// An instant that can be written back, in years in which projects live.
std::optional<instant> parse_occurred_at(std::string_view text) {
  const auto at = parse_instant(text);
  if (!at || at->time_since_epoch() < milliseconds{0}) return std::nullopt;
  return at;
}

void take_reference(json::element payload_object, std::string_view key, std::string& into) {
  if (const auto text = json::get_string(payload_object, key); text && is_reference(*text)) into = *text;
}

void take_references(json::element payload_object, ingest_event& into) {
  take_reference(payload_object, "order_ref", into.payload_order_ref);
  take_reference(payload_object, "shipment_id", into.shipment_id);
  take_reference(payload_object, "lastmile_id", into.lastmile_id);
  take_reference(payload_object, "installation_id", into.installation_id);
  take_reference(payload_object, "customer_id", into.customer_id);
}

}  // namespace

std::string_view to_string(reference_kind kind) {
  switch (kind) {
    case reference_kind::project: return "project";
    case reference_kind::order: return "order";
    case reference_kind::shipment: return "shipment";
    case reference_kind::lastmile: return "lastmile";
    case reference_kind::installation: return "installation";
  }
  return "project";
}

tl::expected<ingest_event, ingest_error> parse_ingest_event(std::string_view body, const ingest_scope& scope) {
  const auto document = json_document::parse(body, max_json_depth);
  if (!document) return tl::unexpected(from_json(document.error()));
  const auto found = read_members(document->root());
  if (!found) return tl::unexpected(found.error());

  std::vector<field_error> errors;
  field_reader fields(*found, errors);
  ingest_event e;

  const event_type_map* map = nullptr;
  if (std::string_view text; found->value[source] && !found->value[source]->get_string().get(text)) {
    map = scope.map_of ? scope.map_of(text) : nullptr;
    if (!map) return tl::unexpected(ingest_error{ingest_error::kind::unknown_source, "no such source is configured", {}});
    if (!scope.authenticated_source.empty() && text != scope.authenticated_source) {
      return tl::unexpected(ingest_error{ingest_error::kind::wrong_source, "the key belongs to another source", {}});
    }
    e.source = text;
  } else {
    fields.refuse(source, found->value[source] ? "must be a string" : "is required");
  }

  e.source_ref = fields.required_text(source_ref, max_reference_size);
  e.project_ref = fields.optional_text(project_ref, max_reference_size);
  e.order_ref = fields.optional_text(order_ref, max_reference_size);
  e.correlation_id = fields.optional_text(correlation_id, max_reference_size);
  e.comment = fields.optional_text(comment, max_comment_size, true);

  if (const auto text = fields.optional_text(project_id_, max_reference_size); !text.empty()) {
    e.project = project_id::parse(text);
    if (!e.project) fields.refuse(project_id_, "must be a UUID");
  }
  if (!fields.given(project_ref) && !fields.given(project_id_)) fields.refuse(project_ref, "project_ref or project_id is required");

  if (const auto text = fields.required_text(occurred_at, max_reference_size); !text.empty()) {
    const auto at = parse_occurred_at(text);
    if (!at) fields.refuse(occurred_at, "must be an RFC 3339 instant between the years 1970 and 9999");
    else if (scope.latest && *at > *scope.latest) fields.refuse(occurred_at, fmt::format("must not lie behind {}", format_instant(*scope.latest)));
    else e.occurred_at = *at;
  }

  const catalogue_entry* known = nullptr;
  if (auto type = fields.required_text(event_type_, max_type_size); !type.empty()) {
    if (map) {
      if (const auto own = map->find(type); own != map->end()) type = own->second;
    }
    type = canonical_type(type);
    // Without its source the name cannot be looked up, so nothing is said about it.
    if (is_well_formed_type(type)) {
      e.type = type;
      known = find_type(type);
    } else if (map) {
      fields.refuse(event_type_, "must be entity.action in lower case");
    }
  }

  if (!found->value[payload]) {
    fields.refuse(payload, "is required");
  } else if (!found->value[payload]->is_object()) {
    fields.refuse(payload, "must be an object");
  } else {
    const json::element object = *found->value[payload];
    if (known) check_payload(known->type, object, errors, scope.limits);
    e.payload = minify_json(raw_member(body, found->payload_index));
    take_references(object, e);
  }

  for (const auto name : found->unknown) {
    if (errors.size() >= max_field_errors) break;
    errors.push_back({pointer_to("", name), "is not a field of an event"});
  }
  if (!errors.empty()) {
    auto detail = fmt::format("{} field{} at fault", errors.size(), errors.size() == 1 ? " is" : "s are");
    return tl::unexpected(invalid(std::move(detail), std::move(errors)));
  }
  return e;
}

std::vector<reference> references_of(const ingest_event& e) {
  std::vector<reference> refs;
  const auto add = [&](reference_kind kind, const std::string& ref) {
    if (ref.empty()) return;
    reference r{kind, e.source, ref};
    if (std::find(refs.begin(), refs.end(), r) == refs.end()) refs.push_back(std::move(r));
  };
  add(reference_kind::project, e.project_ref);
  add(reference_kind::order, e.order_ref);
  add(reference_kind::order, e.payload_order_ref);
  add(reference_kind::shipment, e.shipment_id);
  add(reference_kind::lastmile, e.lastmile_id);
  add(reference_kind::installation, e.installation_id);
  return refs;
}

namespace {

bool taught_by_hand(const event& e) { return e.kind == event_kind::operator_ && (e.type == "project.created" || e.type == own_type::order_created); }

}  // namespace

bool may_teach_references(const event& e) { return e.kind == event_kind::source || taught_by_hand(e); }

ingest_event posted_as(const event& e, const std::optional<project_id>& project, const json_document* data) {
  ingest_event posted;
  posted.source = e.source;
  posted.type = e.type;
  posted.project_ref = e.project_ref;
  posted.order_ref = e.order_ref;
  posted.occurred_at = e.occurred_at;
  posted.project = project;
  if (data != nullptr) take_references(data->root(), posted);
  return posted;
}

std::vector<reference> references_taught_by(const event& e, const json_document* data) {
  if (!may_teach_references(e)) return {};
  const bool by_hand = taught_by_hand(e);
  auto said = posted_as(e, {}, by_hand ? nullptr : data);
  if (by_hand) said.source = "manual";
  return references_of(said);
}

std::vector<reference> references_taught_by(const event& e) {
  if (!may_teach_references(e)) return {};
  const auto data = json_document::parse(e.data);
  return references_taught_by(e, data ? &*data : nullptr);
}

}  // namespace plo
