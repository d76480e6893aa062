#include "domain/event/command_stamp.hpp"

#include <array>

#include "base/json.hpp"

namespace plo {

namespace {

constexpr std::array<std::string_view, 2> hidden_members{idempotency_member, "password_hash"};

bool is_hidden(std::string_view member) {
  for (const auto hidden : hidden_members)
    if (member == hidden) return true;
  return false;
}

bool is_about_account(const event& e) { return e.type.starts_with("operator."); }

}  // namespace

void put_stamp(event& e, const command_stamp& by) {
  e.operator_id = by.operator_id;
  if (by.key.empty()) return;
  json_writer json;
  json.begin_object().field("key", by.key).field("digest", by.digest);
  if (!by.part.empty()) json.field("part", by.part);
  json.field("status", static_cast<std::uint64_t>(by.status));
  if (!by.answer.empty()) json.field_raw("answer", by.answer);
  json.end_object();
  e.data.pop_back();
  if (e.data.size() > 1) e.data.push_back(',');
  e.data.append("\"").append(idempotency_member).append("\":").append(json.view()).push_back('}');
}

std::string with_position(std::string answer, position pos) {
  answer.pop_back();
  if (answer.size() > 1) answer.push_back(',');
  return answer.append("\"position\":").append(std::to_string(pos.value)).append("}");
}

std::string public_data(const event& e, bool accounts) {
  const bool shortened = !accounts && is_about_account(e);
  // Sources and the rules write neither: their data is shown as it is kept, without another look.
  if (e.kind != event_kind::operator_ && !shortened) return e.data;
  bool any = shortened;
  for (const auto hidden : hidden_members) any = any || e.data.find(hidden) != std::string::npos;
  if (!any) return e.data;
  const auto document = json_document::parse(e.data);
  if (!document || !document->root().is_object()) return e.data;
  json_writer json;
  json.begin_object();
  std::size_t index = 0;
  for (const auto member : simdjson::dom::object(document->root())) {
    const bool told = shortened ? member.key == "user_id" || member.key == "name" : !is_hidden(member.key);
    if (told) json.field_raw(member.key, raw_member(e.data, index));
    ++index;
  }
  return json.end_object().str();
}

}  // namespace plo
