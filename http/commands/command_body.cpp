#include "http/commands/command_body.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plo::http {

namespace {

tl::expected<json_document, problem> parse_body(std::string_view text) {
  auto parsed = json_document::parse(text, max_json_depth);
  if (parsed) return std::move(*parsed);
  return tl::unexpected(make_problem(parsed.error().what == json_error::kind::not_json ? 400 : 422, parsed.error().detail));
}

}  // namespace

std::optional<problem> refuse_media_type(const request& r, std::string_view media_type) {
  const auto encoding = r.header("content-encoding");
  if (!encoding.empty() && !same_ignoring_case(encoding, "identity"))
    return make_problem(415, fmt::format("a body with Content-Encoding is not taken: send it as it is, without {}", encoding));
  if (!is_media_type(r.header("content-type"), media_type)) return make_problem(415, fmt::format("Content-Type must be {}", media_type));
  return std::nullopt;
}

tl::expected<json_document, problem> read_json_body(const request& r) {
  if (r.body_too_large) return tl::unexpected(make_problem(413, "the body is too large"));
  if (auto refused = refuse_media_type(r, "application/json")) return tl::unexpected(std::move(*refused));
  return parse_body(r.body);
}

command_body::command_body(const request& r, std::initializer_list<std::string_view> known) {
  auto parsed = r.body.empty() && !r.body_too_large ? parse_body("{}") : read_json_body(r);
  if (!parsed) {
    refusal_ = std::move(parsed.error());
    return;
  }
  if (!parsed->root().is_object()) {
    refusal_ = make_problem(422, "the body must be a JSON object", {{"", "must be an object"}});
    return;
  }
  document_.emplace(std::move(*parsed));
  std::vector<std::string_view> seen;
  for (const auto member : simdjson::dom::object(document_->root())) {
    if (std::find(known.begin(), known.end(), member.key) == known.end()) fault(member.key, "is not a known field");
    else if (std::find(seen.begin(), seen.end(), member.key) != seen.end()) fault(member.key, "is there twice");
    seen.push_back(member.key);
  }
}

void command_body::fault(std::string_view name, std::string message) {
  errors_.push_back({"/" + std::string(name), std::move(message)});
}

std::optional<std::string> command_body::text(std::string_view name, std::size_t longest) {
  const auto found = document_ ? json::get(document_->root(), name) : std::nullopt;
  if (!found) return std::nullopt;
  if (!found->is_string()) return fault(name, "must be a text"), std::nullopt;
  const std::string_view text = found->get_string().value_unsafe();
  if (text.size() > longest) return fault(name, fmt::format("must not be longer than {} bytes", longest)), std::nullopt;
  return std::string(text);
}

std::string command_body::required_text(std::string_view name, std::size_t longest) {
  const auto before = errors_.size();
  auto found = text(name, longest);
  if (errors_.size() == before && (!found || found->empty())) fault(name, "is missing");
  return found.value_or("");
}

std::optional<instant> command_body::time(std::string_view name) {
  const auto found = text(name, 100);
  if (!found) return std::nullopt;
  const auto at = parse_instant(*found);
  if (at && *at >= instant{}) return at;
  return fault(name, "must be an RFC 3339 time between the years 1970 and 9999"), std::nullopt;
}

std::optional<bool> command_body::flag(std::string_view name) {
  const auto found = document_ ? json::get(document_->root(), name) : std::nullopt;
  if (!found) return std::nullopt;
  if (!found->is_bool()) return fault(name, "must be true or false"), std::nullopt;
  return found->get_bool().value_unsafe();
}

void command_body::require(std::string_view name, std::string_view what) {
  if (document_ && !json::get(document_->root(), name)) fault(name, what.empty() ? std::string("is missing") : fmt::format("is missing: {}", what));
}

bool command_body::has(std::string_view name) const {
  return document_ && document_->root().is_object() && document_->root().at_key(name).error() == simdjson::SUCCESS;
}

std::vector<std::string> command_body::texts(std::string_view name, std::size_t most) {
  std::vector<std::string> all;
  const auto found = document_ ? json::get(document_->root(), name) : std::nullopt;
  if (!found || !found->is_array()) return fault(name, "must be a list of texts"), all;
  for (const auto item : simdjson::dom::array(*found)) {
    if (all.size() == most) return fault(name, fmt::format("must not have more than {} entries", most)), all;
    if (!item.is_string()) return fault(fmt::format("{}/{}", name, all.size()), "must be a text"), all;
    all.emplace_back(item.get_string().value_unsafe());
  }
  return all;
}

const std::optional<problem>& command_body::refusal() {
  if (!refusal_ && !errors_.empty()) refusal_ = make_problem(422, "the body has errors", std::move(errors_));
  return refusal_;
}

}  // namespace plo::http
