// Requests, answers and the table that joins them. Beast stays in session.cpp.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "http/auth/identity.hpp"
#include "http/server/problem.hpp"
#include "http/server/task.hpp"

namespace plo::http {

struct source_settings;

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
  const source_settings* source = nullptr;  // whose key it came with, behind a route for sources
  std::string peer;    // the address of the connection
  std::string client;  // the address it came from; behind a trusted proxy the one that the proxy names
  std::shared_ptr<const std::atomic<bool>> gone;  // of a route that watches its client: the client has hung up

  [[nodiscard]] bool has_gone() const { return gone && *gone; }
  /// What operator commands record as their author; empty without a session.
  [[nodiscard]] std::string operator_id() const { return who ? who->user_id : std::string(); }
  /// The first field of that name, in whatever case it came; empty when there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  [[nodiscard]] bool has_header(std::string_view name) const;
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

/// An answer that goes on: `write` sends a piece (false: the client is gone), `wake`-able waiting is the handler's business. True when all
/// of it was sent.
class event_sink;
using stream_handler = std::function<task<bool>(event_sink&)>;
struct streamed {
  stream_handler serve;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};
  bool endless = false;  // it goes on for as long as the client stays
};

using answer = std::variant<response, streamed>;
using handler = std::function<task<answer>(request&)>;

/// Who may use a route: anybody, the source systems by their keys, whoever has the control file, or people by their roles.
enum class access : std::uint8_t { open, source, control, viewer, operator_, admin };

struct route {
  std::string method;
  std::string pattern;  // `/api/projects/{id}`
  handler handle;
  std::size_t max_body_bytes = 1u << 20;
  std::optional<access> needs = {};  // not said: reading needs a viewer, everything else an operator
  bool takes_query = false;     // of what is no GET: its handler reads query parameters, and refuses those that it does not know
  bool watches_client = false;  // its work takes long and ends when the client hangs up
};

class router {
public:
  void add(route r);

  struct match {
    const route* found = nullptr;
    std::map<std::string, std::string, std::less<>> parameters;
    std::vector<std::string> allowed;  // methods of the path, when the method is not one of them
  };
  /// `path` is split as it came and its parameters are decoded one by one: an encoded slash is part of an id.
  [[nodiscard]] match find(std::string_view method, std::string_view path) const;
  [[nodiscard]] const std::deque<route>& routes() const { return routes_; }

private:
  std::deque<route> routes_;  // routes stay where they are
  // By path, the routes without parameters: a page of its own, whatever patterns would take its name for an id.
  std::unordered_map<std::string, std::vector<const route*>> exact_;
};

/// The answer where no route is: 404, 405 with the methods that there are, or to `OPTIONS *` what the server takes.
[[nodiscard]] response nothing_there(const router::match& match, const request& r);

/// Splits `/path?query`, or `http://host/path?query`, and decodes both; empty when an escape is malformed. What is decoded need not be UTF-8.
struct parsed_target {
  std::string raw_path;
  std::string path;  // decoded, for people
  std::map<std::string, std::string, std::less<>> query;
};
[[nodiscard]] std::optional<parsed_target> parse_target(std::string_view target);

/// Equal but for the case of ASCII letters, as header names and tokens are.
[[nodiscard]] bool same_ignoring_case(std::string_view a, std::string_view b);

/// Without the blanks and tabs around it, as values in a list of a header field are meant.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// Whether a Content-Type names a media type, parameters aside.
[[nodiscard]] bool is_media_type(std::string_view content_type, std::string_view media_type);

}  // namespace plo::http
