#include "domain/event/payload_schema.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace plo {

namespace {

enum class form : std::uint8_t {
  reference,     // a text that may serve as an id: bounded, no control characters
  code,          // what projects are told apart by in lists: as short as a reference, and no reference
  name,          // a text of one line
  text,
  boolean,
  number,
  quantity,      // a number that is not negative
  integer,
  moment,        // RFC 3339, or a day that stands for its start; like every date in years in which projects live
  day,           // YYYY-MM-DD, or an instant in it
  time_of_day,   // HH:MM
  references,    // an array of references
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
    {"line_id", form::reference}, {"sku", form::reference},           {"label", form::name}, {"qty", form::quantity},
    {"unit_price", form::number}, {"warehouse", form::name},     {"main", form::boolean},
    {"installation_required", form::boolean},
};
constexpr field stock_line[] = {{"sku", form::reference}, {"available_qty", form::quantity}};
constexpr field quote_line[] = {{"sku", form::reference}, {"qty", form::quantity}, {"catalog_status", form::name}};
constexpr field slot[] = {{"start", form::time_of_day}, {"end", form::time_of_day}};
constexpr field signature[] = {{"signed", form::boolean}, {"reason", form::text}};

constexpr field project_fields[] = {
    {"customer_id", form::reference}, {"project_type", form::code},           {"channel_origin", form::code},
    {"store_id", form::code},         {"installation_required", form::boolean}, {"promised_installation_date", form::day},
    {"customer_name", form::name},    {"customer_email", form::name},
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
    {"sku", form::reference},            {"label", form::name},                {"qty", form::quantity},
    {"unit_price", form::number},   {"warehouse", form::name},            {"main", form::boolean},
    {"installation_required", form::boolean},
};
constexpr field line_replaced_fields[] = {
    {"order_ref", form::reference}, {"sku", form::reference}, {"replacement_sku", form::reference}, {"customer_validated", form::boolean},
};
constexpr field order_ref_only[] = {{"order_ref", form::reference}};
constexpr field stock_fields[] = {{"order_ref", form::reference}, {"skus", form::references}, {"lines", form::objects, stock_line}};
constexpr field picking_fields[] = {{"order_ref", form::reference}, {"lines", form::list}};
constexpr field shipment_fields[] = {
    {"shipment_id", form::reference},
    {"order_ref", form::reference},
    {"leg_number", form::integer},
    {"last_leg", form::boolean},
    {"origin_type", form::name},
    {"origin_ref", form::reference},
    {"destination_station_id", form::reference},
    {"destination_station_name", form::name},
    {"carrier", form::name},
    {"carrier_tracking_ref", form::reference},
    {"estimated_arrival", form::moment},
    {"actual_arrival", form::moment},
};
constexpr field consolidation_fields[] = {
    {"consolidation_id", form::reference}, {"station_id", form::reference},   {"station_name", form::name},
    {"order_ref", form::reference},        {"estimated_complete_date", form::day},
    {"customer", form::boolean},           {"installer", form::boolean},
};
constexpr field lastmile_fields[] = {
    {"lastmile_id", form::reference}, {"carrier", form::name},       {"carrier_tracking_ref", form::reference},
    {"scheduled_date", form::day},    {"time_slot", form::record, slot}, {"is_partial", form::boolean},
    {"missing_order_ids", form::references}, {"pod_url", form::text},     {"reason", form::text},
};
constexpr field installation_fields[] = {
    {"installation_id", form::reference}, {"installer_id", form::reference},      {"technician_id", form::reference},
    {"trained_for", form::references},         {"scheduled_start", form::moment}, {"scheduled_end", form::moment},
    {"severity", form::name},             {"missing_products", form::list},  {"customer_signature", form::record, signature},
};
constexpr field survey_fields[] = {{"score", form::number}, {"scale", form::number}};
constexpr field quote_fields[] = {{"quote_id", form::reference}, {"valid_until", form::day}, {"lines", form::objects, quote_line}};
constexpr field quote_id_only[] = {{"quote_id", form::reference}};

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
  checker(std::vector<field_error>& errors, const ingest_limits& limits) : errors_(errors), limits_(limits) {}

  void fields(json::element object, std::span<const field> schema, const std::string& at) {
    for (const field& f : schema) {
      if (errors_.size() >= max_field_errors) return;
      if (const auto value = json::get(object, f.name)) {
        if (auto wrong = check(*value, f, at); !wrong.empty()) errors_.push_back({pointer_to(at, f.name), std::move(wrong)});
      }
    }
  }

private:
  /// What is wrong with the value; empty when nothing is, or when it was reported deeper down.
  std::string check(json::element value, const field& f, const std::string& at) {
    std::string_view text;
    const bool is_text = value.get_string().get(text) == simdjson::SUCCESS;
    switch (f.is) {
      case form::reference:
        // An empty id is one that the source does not have.
        return is_text ? wrong_with_reference(text) : "must be a string";
      case form::code: return is_text ? too_long(text, max_reference_size) : "must be a string";
      case form::name: return is_text ? too_long(text, max_name_size) : "must be a string";
      case form::text: return is_text ? too_long(text, limits_.text_bytes) : "must be a string";
      case form::boolean: return value.is_bool() ? "" : "must be true or false";
      case form::number: return value.is_number() ? "" : "must be a number";
      case form::quantity:
        if (!value.is_number()) return "must be a number";
        return value.get_double().value_unsafe() < 0 ? "must not be negative" : "";
      case form::integer: return is_integer(value) ? "" : "must be a whole number";
      case form::moment:
      case form::day:
        if (!is_text) return "must be a string";
        if (is_in_range(text)) return "";
        return f.is == form::day ? "must be a date (YYYY-MM-DD) between the years 1970 and 9999"
                                 : "must be an RFC 3339 instant between the years 1970 and 9999";
      case form::time_of_day:
        if (!is_text) return "must be a string";
        return parse_time_of_day(text) ? "" : "must be a time of day (HH:MM)";
      case form::object: return value.is_object() ? "" : "must be an object";
      case form::record:
        if (!value.is_object()) return "must be an object";
        fields(value, f.of, pointer_to(at, f.name));
        return "";
      case form::list: return value.is_array() ? too_many(value) : "must be an array";
      case form::references:
      case form::objects: return elements(value, f, pointer_to(at, f.name));
    }
    return "";
  }

  static std::string too_long(std::string_view text, std::size_t most) {
    return text.size() > most ? fmt::format("must not be longer than {} bytes", most) : "";
  }

  static std::string wrong_with_reference(std::string_view text) {
    if (text.size() > max_reference_size) return too_long(text, max_reference_size);
    return has_control_characters(text) ? "must not contain control characters" : "";
  }

  static bool is_in_range(std::string_view text) {
    if (const auto at = parse_instant(text)) return at->time_since_epoch() >= milliseconds{0};
    const auto day = parse_day(text);
    return day && day->time_since_epoch().count() >= 0;
  }

  std::string too_many(simdjson::dom::array array) {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto item : array) ++count;  // size() saturates
    return count > limits_.lines_per_order ? fmt::format("must not have more than {} entries", limits_.lines_per_order) : "";
  }

  std::string elements(json::element value, const field& f, const std::string& at) {
    simdjson::dom::array array;
    if (value.get_array().get(array)) return "must be an array";
    if (auto wrong = too_many(array); !wrong.empty()) return wrong;
    std::size_t i = 0;
    for (const json::element item : array) {
      if (errors_.size() >= max_field_errors) break;
      if (f.is == form::references) {
        std::string_view text;
        auto wrong = item.get_string().get(text) ? "must be a string" : wrong_with_reference(text);
        if (!wrong.empty()) errors_.push_back({fmt::format("{}/{}", at, i), std::move(wrong)});
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
  const ingest_limits& limits_;
};

}  // namespace

bool has_control_characters(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7f) return true;
    // U+0080 to U+009F, in UTF-8.
    if (c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
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

void check_payload(event_type type, json::element payload, std::vector<field_error>& errors, const ingest_limits& limits) {
  if (const auto schema = fields_of(type); !schema.empty()) checker(errors, limits).fields(payload, schema, "/payload");
  if (type != event_type::order_line_added) return;
  // What would be stored and change nothing.
  if (json::get(payload, "line")) errors.push_back({"/payload/line", "is not known: give the line as lines, or its fields themselves"});
  simdjson::dom::array lines;
  if (const auto given = json::get(payload, "lines"); given && !given->get_array().get(lines) && lines.begin() == lines.end())
    errors.push_back({"/payload/lines", "must name a line"});
}

}  // namespace plo
