// Requests, answers and the table that joins them. Beast stays in session.cpp.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "http/identity.hpp"
#include "http/problem.hpp"
#include "http/task.hpp"

namespace plo::http {

/// A request as handlers see it. Header fields are views into the connection's buffer and live as long as the request.
struct request {
  std::string method;
  std::string path;  // decoded, without the query
  std::map<std::string, std::string, std::less<>> query;
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::string body;
  bool body_too_large = false;  // the body was longer than the route allows and is not here
  std::optional<identity> who;  // whose session it came with; always there behind a route that needs one
  std::optional<idempotency_key> once;  // of a command that may be sent again
  std::map<std::string, std::string, std::less<>> path_parameters;

  /// What operator commands record as their author; empty without a session.
  [[nodiscard]] std::string operator_id() const { return who ? who->user_id : std::string(); }
  /// The first field of that name, in whatever case it came; empty when there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  /// The value of a query parameter; empty when it is absent.
  [[nodiscard]] std::string_view parameter(std::string_view name) const;
  [[nodiscard]] bool has_parameter(std::string_view name) const { return query.find(name) != query.end(); }
};

struct response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;

  response() = default;
  response(unsigned s, std::string text) : status(s), body(std::move(text)) {}
  response(const problem& p);  // NOLINT(google-explicit-constructor): a problem is an answer
};

/// An answer that goes on: `write` sends a piece (false: the client is gone), `wake`-able waiting is the handler's business.
class event_sink;
using stream_handler = std::function<task<void>(event_sink&)>;
struct streamed {
  stream_handler serve;
  std::string content_type = "text/event-stream";
  std::vector<std::pair<std::string, std::string>> headers = {};
};

using answer = std::variant<response, streamed>;
using handler = std::function<task<answer>(request&)>;

/// Who may use a route.
enum class access : std::uint8_t { open, viewer, operator_, admin };

struct route {
  std::string method;
  std::string pattern;  // `/api/projects/{id}`
  handler handle;
  std::size_t max_body_bytes = 1u << 20;
  std::optional<access> needs = {};  // not said: reading needs a viewer, everything else an operator
};

class router {
public:
  void add(route r);

  struct match {
    const route* found = nullptr;
    std::map<std::string, std::string, std::less<>> parameters;
    std::vector<std::string> allowed;  // methods of the path, when the method is not one of them
  };
  [[nodiscard]] match find(std::string_view method, std::string_view path) const;
  [[nodiscard]] const std::deque<route>& routes() const { return routes_; }

private:
  std::deque<route> routes_;  // routes stay where they are
  std::unordered_map<std::string, const route*> exact_;  // "METHOD path" of the routes without parameters
};

/// Splits `/path?query` and decodes both; empty when an escape is malformed.
struct parsed_target {
  std::string path;
  std::map<std::string, std::string, std::less<>> query;
};
[[nodiscard]] std::optional<parsed_target> parse_target(std::string_view target);

/// Equal but for the case of ASCII letters, as header names and tokens are.
[[nodiscard]] bool same_ignoring_case(std::string_view a, std::string_view b);

/// Whether a Content-Type names a media type, parameters aside.
[[nodiscard]] bool is_media_type(std::string_view content_type, std::string_view media_type);

}  // namespace plo::http
