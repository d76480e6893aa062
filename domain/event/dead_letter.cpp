#include "domain/event/dead_letter.hpp"

#include "base/json.hpp"

namespace plo {

std::string letter_payload(std::string_view data) {
  const auto document = json_document::parse(data);
  if (!document || !document->root().is_object()) return "{}";
  std::size_t index = 0;
  for (const auto member : simdjson::dom::object(document->root())) {
    if (member.key == "payload") return member.value.is_object() ? std::string(raw_member(data, index)) : "{}";
    ++index;
  }
  return "{}";
}

}  // namespace plo
