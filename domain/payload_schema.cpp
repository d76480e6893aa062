#include "domain/payload_schema.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace plo {

namespace {

enum class form : std::uint8_t {
  reference,     // a text that may serve as an id: bounded, no control characters
  text,
  boolean,
  number,
  quantity,      // a number that is not negative
  integer,
  moment,        // RFC 3339, or a day that stands for its start
  day,           // YYYY-MM-DD, or an instant in it
  time_of_day,   // HH:MM
  texts,         // an array of texts
  list,          // an array of anything
  object,        // an object of anything
  objects,       // an array of objects with the fields given
  record,        // an object with the fields given
};

struct field {
  std::string_view name;
  form is;
  std::span<const field> of = {};
};

constexpr field order_line[] = {
    {"line_id", form::reference}, {"sku", form::text},           {"label", form::text}, {"qty", form::quantity},
    {"unit_price", form::number}, {"warehouse", form::text},     {"main", form::boolean},
    {"installation_required", form::boolean},
};
constexpr field stock_line[] = {{"sku", form::text}, {"available_qty", form::quantity}};
constexpr field quote_line[] = {{"sku", form::text}, {"qty", form::quantity}, {"catalog_status", form::text}};
constexpr field slot[] = {{"start", form::time_of_day}, {"end", form::time_of_day}};
constexpr field signature[] = {{"signed", form::boolean}, {"reason", form::text}};

constexpr field project_fields[] = {
    {"customer_id", form::reference}, {"project_type", form::text},           {"channel_origin", form::text},
    {"store_id", form::text},         {"installation_required", form::boolean}, {"promised_installation_date", form::day},
    {"customer_name", form::text},    {"customer_email", form::text},
};
constexpr field order_fields[] = {
    {"order_ref", form::reference},
    {"customer_id", form::reference},
    {"lines", form::objects, order_line},
    {"delivery_address", form::object},
    {"installation_address", form::object},
    {"installation_required", form::boolean},
    {"lead_time_days", form::integer},
    {"promised_delivery_date", form::day},
    {"promised_installation_date", form::day},
};
// A line may be added as `lines` or as the fields of one line.
constexpr field line_added_fields[] = {
    {"order_ref", form::reference}, {"lines", form::objects, order_line}, {"line_id", form::reference},
    {"sku", form::text},            {"label", form::text},                {"qty", form::quantity},
    {"unit_price", form::number},   {"warehouse", form::text},            {"main", form::boolean},
    {"installation_required", form::boolean},
};
constexpr field line_replaced_fields[] = {
    {"order_ref", form::reference}, {"sku", form::text}, {"replacement_sku", form::text}, {"customer_validated", form::boolean},
};
constexpr field order_ref_only[] = {{"order_ref", form::reference}};
constexpr field stock_fields[] = {{"order_ref", form::reference}, {"skus", form::texts}, {"lines", form::objects, stock_line}};
constexpr field picking_fields[] = {{"order_ref", form::reference}, {"lines", form::list}};
constexpr field shipment_fields[] = {
    {"shipment_id", form::reference},
    {"order_ref", form::reference},
    {"leg_number", form::integer},
    {"last_leg", form::boolean},
    {"origin_type", form::text},
    {"origin_ref", form::text},
    {"destination_station_id", form::text},
    {"destination_station_name", form::text},
    {"carrier", form::text},
    {"carrier_tracking_ref", form::text},
    {"estimated_arrival", form::moment},
    {"actual_arrival", form::moment},
};
constexpr field consolidation_fields[] = {
    {"consolidation_id", form::reference}, {"station_id", form::text},   {"station_name", form::text},
    {"order_ref", form::reference},        {"estimated_complete_date", form::day},
    {"customer", form::boolean},           {"installer", form::boolean},
};
constexpr field lastmile_fields[] = {
    {"lastmile_id", form::reference}, {"carrier", form::text},       {"carrier_tracking_ref", form::text},
    {"scheduled_date", form::day},    {"time_slot", form::record, slot}, {"is_partial", form::boolean},
    {"missing_order_ids", form::texts}, {"pod_url", form::text},     {"reason", form::text},
};
constexpr field installation_fields[] = {
    {"installation_id", form::reference}, {"installer_id", form::text},      {"technician_id", form::text},
    {"trained_for", form::texts},         {"scheduled_start", form::moment}, {"scheduled_end", form::moment},
    {"severity", form::text},             {"missing_products", form::list},  {"customer_signature", form::record, signature},
};
constexpr field survey_fields[] = {{"score", form::number}, {"scale", form::number}};
constexpr field quote_fields[] = {{"quote_id", form::text}, {"valid_until", form::day}, {"lines", form::objects, quote_line}};
constexpr field quote_id_only[] = {{"quote_id", form::text}};

std::span<const field> fields_of(event_type type) {
  using t = event_type;
  switch (type) {
    case t::project_created: return project_fields;
    case t::inspiration_started: case t::inspiration_completed: case t::inspiration_converted: return {};
    case t::quote_products_created: case t::quote_products_sent: case t::quote_products_accepted:
    case t::quote_products_expired: return quote_fields;
    case t::quote_installation_created: case t::quote_installation_sent: case t::quote_installation_accepted: return quote_id_only;
    case t::order_confirmed: return order_fields;
    case t::order_line_added: return line_added_fields;
    case t::order_line_replaced: return line_replaced_fields;
    case t::order_cancelled: return order_ref_only;
    case t::stock_check_ok: case t::stock_shortage: case t::stock_partial: return stock_fields;
    case t::picking_started: case t::picking_completed: case t::picking_discrepancy: return picking_fields;
    case t::shipment_dispatched: case t::shipment_in_transit: case t::shipment_eta_updated:
    case t::shipment_arrived_at_station: case t::shipment_exception: return shipment_fields;
    case t::consolidation_order_arrived: case t::consolidation_eta_updated: case t::consolidation_complete:
    case t::consolidation_partial_approved: case t::consolidation_exception: return consolidation_fields;
    case t::lastmile_scheduled: case t::lastmile_rescheduled: case t::lastmile_in_transit: case t::lastmile_delivered:
    case t::lastmile_partial_delivered: case t::lastmile_failed: case t::lastmile_damaged: return lastmile_fields;
    case t::installation_scheduled: case t::installation_rescheduled: case t::installation_cancelled:
    case t::installation_started: case t::installation_completed: case t::installation_issue:
    case t::installation_partial: case t::installation_report_submitted: case t::installation_closed: return installation_fields;
    case t::quality_survey_completed: return survey_fields;
    case t::quality_survey_sent: case t::quality_issue_raised: case t::project_closed:
    case t::project_closed_with_issue: case t::project_reopened: return {};
  }
  return {};
}

class checker {
public:
  explicit checker(std::vector<field_error>& errors) : errors_(errors) {}

  void fields(json::element object, std::span<const field> schema, const std::string& at) {
    for (const field& f : schema) {
      if (errors_.size() >= max_field_errors) return;
      if (const auto value = json::get(object, f.name)) {
        if (const auto wrong = check(*value, f, at); !wrong.empty()) errors_.push_back({pointer_to(at, f.name), std::string(wrong)});
      }
    }
  }

private:
  /// What is wrong with the value; empty when nothing is, or when it was reported deeper down.
  std::string_view check(json::element value, const field& f, const std::string& at) {
    std::string_view text;
    const bool is_text = value.get_string().get(text) == simdjson::SUCCESS;
    switch (f.is) {
      case form::reference:
        if (!is_text) return "must be a string";
        // An empty id is one that the source does not have.
        if (text.size() > max_reference_size) return "must not be longer than 256 bytes";
        return has_control_characters(text) ? "must not contain control characters" : "";
      case form::text: return is_text ? "" : "must be a string";
      case form::boolean: return value.is_bool() ? "" : "must be true or false";
      case form::number: return value.is_number() ? "" : "must be a number";
      case form::quantity:
        if (!value.is_number()) return "must be a number";
        return value.get_double().value_unsafe() < 0 ? "must not be negative" : "";
      case form::integer: return is_integer(value) ? "" : "must be a whole number";
      case form::moment:
      case form::day:
        if (!is_text) return "must be a string";
        if (parse_instant(text) || parse_day(text)) return "";
        return f.is == form::day ? "must be a date (YYYY-MM-DD)" : "must be an RFC 3339 instant";
      case form::time_of_day:
        if (!is_text) return "must be a string";
        return parse_time_of_day(text) ? "" : "must be a time of day (HH:MM)";
      case form::object: return value.is_object() ? "" : "must be an object";
      case form::record:
        if (!value.is_object()) return "must be an object";
        fields(value, f.of, pointer_to(at, f.name));
        return "";
      case form::list: return value.is_array() ? "" : "must be an array";
      case form::texts:
      case form::objects: return elements(value, f, pointer_to(at, f.name));
    }
    return "";
  }

  std::string_view elements(json::element value, const field& f, const std::string& at) {
    simdjson::dom::array array;
    if (value.get_array().get(array)) return "must be an array";
    std::size_t i = 0;
    for (const json::element item : array) {
      if (errors_.size() >= max_field_errors) break;
      if (f.is == form::texts) {
        if (!item.is_string()) errors_.push_back({fmt::format("{}/{}", at, i), "must be a string"});
      } else if (!item.is_object()) {
        errors_.push_back({fmt::format("{}/{}", at, i), "must be an object"});
      } else {
        fields(item, f.of, fmt::format("{}/{}", at, i));
      }
      ++i;
    }
    return "";
  }

  static bool is_integer(json::element value) {
    std::int64_t whole = 0;
    if (!value.get_int64().get(whole)) return true;
    double number = 0;
    return !value.get_double().get(number) && std::abs(number) < 9e15 && std::trunc(number) == number;
  }

  std::vector<field_error>& errors_;
};

}  // namespace

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool is_reference(std::string_view text) {
  return !text.empty() && text.size() <= max_reference_size && !has_control_characters(text);
}

std::string pointer_to(std::string_view parent, std::string_view key) {
  std::string pointer(parent);
  pointer.push_back('/');
  for (const char c : key) {
    if (c == '~') pointer += "~0";
    else if (c == '/') pointer += "~1";
    else pointer.push_back(c);
  }
  return pointer;
}

void check_payload(event_type type, json::element payload, std::vector<field_error>& errors) {
  if (const auto schema = fields_of(type); !schema.empty()) checker(errors).fields(payload, schema, "/payload");
}

}  // namespace plo
