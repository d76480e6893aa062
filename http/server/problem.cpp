#include "http/server/problem.hpp"

#include "base/json.hpp"

namespace plo::http {

namespace {

std::string_view title_of(unsigned status) {
  switch (status) {
    case 400: return "Bad request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not found";
    case 405: return "Method not allowed";
    case 406: return "Not acceptable";
    case 408: return "Request timeout";
    case 409: return "Conflict";
    case 413: return "Content too large";
    case 415: return "Unsupported media type";
    case 422: return "Unprocessable content";
    case 429: return "Too many requests";
    case 431: return "Request header fields too large";
    case 500: return "Internal error";
    case 503: return "Service unavailable";
    case 504: return "Gateway timeout";
    default: return "Error";
  }
}

}  // namespace

std::string problem::to_json() const {
  json_writer json;
  json.begin_object();
  json.field("type", "about:blank").field("title", title).field("status", status).field("detail", detail);
  if (!errors.empty()) {
    json.key("errors").begin_array();
    for (const auto& e : errors)
      json.begin_object().field("pointer", e.pointer).field("message", e.message).end_object();
    json.end_array();
  }
  json.end_object();
  return json.str();
}

problem make_problem(unsigned status, std::string detail, std::vector<field_error> errors) {
  return {status, std::string(title_of(status)), std::move(detail), std::move(errors), 0};
}

problem overloaded(std::string detail, unsigned retry_after_s) {
  auto p = make_problem(503, std::move(detail));
  p.retry_after_s = retry_after_s;
  return p;
}

problem too_many_exports() { return overloaded("as many exports as may be are under way, or as many of yours", 5); }

problem nothing_was_changed() { return overloaded("the store takes no writes at the moment; nothing was changed"); }

}  // namespace plo::http
