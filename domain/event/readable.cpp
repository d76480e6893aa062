#include "domain/event/readable.hpp"

#include <utility>

#include <fmt/format.h>

#include "base/json.hpp"

namespace plo {

std::optional<std::string> unreadable(const event& e) {
  // Events are told apart by type, and what is wrong is told of one that may not be shown as it is.
  const std::pair<std::string_view, const std::string*> texts[] = {
      {"type", &e.type},               {"source", &e.source},           {"source_ref", &e.source_ref}, {"correlation_id", &e.correlation_id},
      {"operator_id", &e.operator_id}, {"project_ref", &e.project_ref}, {"order_ref", &e.order_ref},   {"comment", &e.comment}};
  for (const auto& [name, text] : texts)
    if (!simdjson::validate_utf8(text->data(), text->size())) return fmt::format("the {} is not UTF-8", name);
  if (!can_be_written(e.occurred_at) || !can_be_written(e.recorded_at)) return "a time lies outside the years 1 to 9999";
  const auto data = json_document::parse(e.data);
  if (!data) return fmt::format("the data of {} cannot be read back: {}", e.type, data.error().detail);
  if (!data->root().is_object()) return fmt::format("the data of {} is no JSON object", e.type);
  return std::nullopt;
}

}  // namespace plo
