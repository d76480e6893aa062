#include "http/server/router.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plo::http {

namespace {

std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      plain.push_back(' ');
    } else if (text[i] != '%') {
      plain.push_back(text[i]);
    } else {
      const auto digit = [&](std::size_t at) {
        if (at >= text.size()) return -1;
        const char c = text[at];
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
      };
      const int high = digit(i + 1);
      const int low = digit(i + 2);
      if (high < 0 || low < 0) return std::nullopt;
      plain.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return plain;
}

bool answers(const route& r, std::string_view method) { return r.method == method || (method == "HEAD" && r.method == "GET"); }

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const auto end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view request::header(std::string_view name) const {
  for (const auto& [field, value] : headers)
    if (same_ignoring_case(field, name)) return value;
  return {};
}

bool request::has_header(std::string_view name) const {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& field) { return same_ignoring_case(field.first, name); });
}

std::string_view request::parameter(std::string_view name) const {
  const auto found = query.find(name);
  return found == query.end() ? std::string_view() : std::string_view(found->second);
}

response::response(const problem& p) : status(p.status), content_type("application/problem+json"), body(p.to_json()) {
  if (p.retry_after_s > 0) headers.emplace_back("Retry-After", std::to_string(p.retry_after_s));
  if (p.status == 401) headers.emplace_back("WWW-Authenticate", "Bearer");
}

response nothing_there(const router::match& match, const request& r) {
  if (r.method == "OPTIONS" && r.path == "*") {
    response all(200, "");
    all.content_type = "text/plain; charset=utf-8";
    all.headers.emplace_back("Allow", "GET, HEAD, POST, PUT, DELETE");
    return all;
  }
  if (match.allowed.empty()) return make_problem(404, fmt::format("there is nothing at {}", r.path));
  response refused = make_problem(405, fmt::format("{} does not take {}", r.path, r.method));
  refused.headers.emplace_back("Allow", fmt::format("{}", fmt::join(match.allowed, ", ")));
  return refused;
}

void router::add(route r) {
  if (!r.needs) r.needs = r.method == "GET" ? access::viewer : access::operator_;
  routes_.push_back(std::move(r));
  const auto& added = routes_.back();
  if (added.pattern.find('{') == std::string::npos) exact_[added.pattern].push_back(&added);
}

router::match router::find(std::string_view method, std::string_view path) const {
  match result;
  if (const auto exact = exact_.find(std::string(path)); exact != exact_.end()) {
    for (const auto* r : exact->second) {
      if (answers(*r, method)) result.found = r;
      else result.allowed.push_back(r->method);
    }
    return result;
  }
  if (path.empty() || path.front() != '/') return result;
  const auto wanted = segments_of(path);
  for (const auto& r : routes_) {
    const auto pattern = segments_of(r.pattern);
    if (pattern.size() != wanted.size()) continue;
    std::map<std::string, std::string, std::less<>> parameters;
    bool same = true;
    for (std::size_t i = 0; i < pattern.size() && same; ++i) {
      const bool is_parameter = !pattern[i].empty() && pattern[i].front() == '{';
      auto value = decode(wanted[i], false);
      if (is_parameter && value && !value->empty())
        parameters.emplace(pattern[i].substr(1, pattern[i].size() - 2), std::move(*value));
      else
        same = value && pattern[i] == *value;
    }
    if (!same) continue;
    if (answers(r, method)) {
      result.found = &r;
      result.parameters = std::move(parameters);
      return result;
    }
    result.allowed.push_back(r.method);
  }
  return result;
}

std::optional<parsed_target> parse_target(std::string_view target) {
  parsed_target parsed;
  target = target.substr(0, target.find('#'));
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() < scheme.size() || !same_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    const auto authority = std::min(target.find_first_of("/?", scheme.size()), target.size());
    if (authority == scheme.size()) return std::nullopt;
    target.remove_prefix(authority);
    break;
  }
  const auto question = target.find('?');
  parsed.raw_path = target.substr(0, question);
  if (parsed.raw_path.empty()) parsed.raw_path = "/";
  auto path = decode(parsed.raw_path, false);
  if (!path) return std::nullopt;
  parsed.path = std::move(*path);
  if (question == std::string_view::npos) return parsed;
  auto rest = target.substr(question + 1);
  while (!rest.empty()) {
    const auto part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    if (part.empty()) continue;
    const auto equals = part.find('=');
    auto name = decode(part.substr(0, equals), true);
    auto value = decode(equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1), true);
    if (!name || !value) return std::nullopt;
    parsed.query[std::move(*name)] = std::move(*value);
  }
  return parsed;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_media_type(std::string_view content_type, std::string_view media_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (!content_type.empty() && (content_type.back() == ' ' || content_type.back() == '\t'))
    content_type.remove_suffix(1);
  return same_ignoring_case(content_type, media_type);
}

}  // namespace plo::http
