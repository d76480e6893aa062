#include "domain/project/payload.hpp"

#include <cmath>

namespace plo {

std::optional<std::string_view> json_fields::text(std::string_view key) const {
  auto found = json::get_string(object_, key);
  if (found && found->empty()) found.reset();
  return found;
}

std::optional<std::int64_t> json_fields::integer(std::string_view key) const {
  const auto found = json::get(object_, key);
  if (!found) return std::nullopt;
  if (std::int64_t whole = 0; !found->get_int64().get(whole)) return whole;
  double number = 0;
  if (found->get_double().get(number) || std::abs(number) >= 9e15 || std::trunc(number) != number) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

std::optional<instant> json_fields::moment(std::string_view key) const {
  const auto found = text(key);
  if (!found) return std::nullopt;
  if (const auto at = parse_instant(*found)) return at;
  if (const auto day = parse_day(*found)) return tz_->at(*day);
  return std::nullopt;
}

std::optional<local_day> json_fields::day(std::string_view key) const {
  const auto found = text(key);
  if (!found) return std::nullopt;
  if (const auto day = parse_day(*found)) return day;
  if (const auto at = parse_instant(*found)) return tz_->day_of(*at);
  return std::nullopt;
}

std::optional<std::vector<std::string>> json_fields::texts(std::string_view key) const {
  const auto found = json::get(object_, key);
  simdjson::dom::array array;
  if (!found || found->get_array().get(array)) return std::nullopt;
  std::vector<std::string> list;
  for (const json::element item : array) {
    if (std::string_view text; !item.get_string().get(text)) list.emplace_back(text);
  }
  return list;
}

std::optional<json_fields> json_fields::object(std::string_view key) const {
  const auto found = json::get(object_, key);
  if (!found || !found->is_object()) return std::nullopt;
  return json_fields(*found, *tz_);
}

std::optional<std::vector<json_fields>> json_fields::objects(std::string_view key) const {
  const auto found = json::get(object_, key);
  simdjson::dom::array array;
  if (!found || found->get_array().get(array)) return std::nullopt;
  std::vector<json_fields> list;
  for (const json::element item : array) {
    if (item.is_object()) list.emplace_back(item, *tz_);
  }
  return list;
}

std::optional<payload> payload::of(const event& e, const domain_settings& settings) {
  auto document = json_document::parse(e.data);
  if (!document || !document->root().is_object()) return std::nullopt;
  return payload(std::move(*document), e.data, settings.tz);
}

std::optional<std::string> payload::raw(std::string_view key) const {
  simdjson::dom::object members;
  if (document_.root().get_object().get(members)) return std::nullopt;
  std::size_t index = 0;
  for (const auto field : members) {
    if (field.key == key) {
      if (!field.value.is_object() && !field.value.is_array()) return std::nullopt;
      return std::string(raw_member(data_, index));
    }
    ++index;
  }
  return std::nullopt;
}

}  // namespace plo
