// POST /api/events/ingest and /batch.
#include <memory>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>

#include "base/json.hpp"
#include "http/commands/command_body.hpp"
#include "http/routes/project/routes.hpp"
#include "http/server/await.hpp"
#include "http/server/event_sink.hpp"
#include "http/server/service.hpp"

namespace plo::http {

using actors::ingest_reply;

namespace {

constexpr std::size_t max_batch_bytes = 64u << 20;

constexpr std::size_t max_batch_lines = 10'000;
constexpr std::size_t max_line_errors = 3;
constexpr const char* ndjson = "application/x-ndjson";

/// A batch has at most this much under way at once, so that one sender takes neither all permits nor all memory.
constexpr std::size_t batch_window = 2000;
constexpr std::size_t batch_window_bytes = 4u << 20;

problem too_fast(const rate_limiter& limiter) {
  auto p = make_problem(429, "the source sends faster than its rate limit");
  p.retry_after_s = limiter.retry_after_s();
  return p;
}

/// The checks that need no look into the body, in the order of the contract; the key was the first.
std::optional<problem> refuse_unread(const request& r, std::string_view media_type, std::size_t most_bytes) {
  const auto& source = *r.source;
  // A body that is too large to be read cannot be verified; its signature must at least be there.
  if (r.body_too_large ? !source.hmac_secret.empty() && r.header("x-plo-signature").empty()
                       : !source_access::is_signed(source, r.header("x-plo-signature"), r.body))
    return make_problem(401, "X-PLO-Signature does not match the body");
  if (auto refused = refuse_media_type(r, media_type)) return refused;
  if (r.body_too_large || r.body.size() > most_bytes) return make_problem(413, fmt::format("the body is larger than {} bytes", most_bytes));
  return std::nullopt;
}

tl::expected<ingest_event, problem> read_event(service& s, const source_settings& source,
                                               std::string_view body, unsigned not_json_status) {
  ingest_scope scope;
  scope.authenticated_source = source.name;
  scope.limits = s.engine.limits();
  if (s.engine.on_wall_clock()) scope.latest = actors::project_clock::wall_now() + s.settings.max_ahead;
  scope.map_of = [&s](std::string_view name) {
    const auto* found = s.sources.find(name);
    return found == nullptr ? nullptr : &found->types;
  };
  auto event = parse_ingest_event(body, scope);
  if (event) return std::move(*event);
  auto& error = event.error();
  switch (error.what) {
    case ingest_error::kind::not_json:
      return tl::unexpected(make_problem(not_json_status, std::move(error.detail), std::move(error.errors)));
    case ingest_error::kind::unknown_source: return tl::unexpected(make_problem(401, std::move(error.detail)));
    case ingest_error::kind::wrong_source: return tl::unexpected(make_problem(403, std::move(error.detail)));
    case ingest_error::kind::invalid: break;
  }
  return tl::unexpected(make_problem(422, std::move(error.detail), std::move(error.errors)));
}

unsigned status_of(const ingest_reply& reply) {
  switch (reply.what) {
    case ingest_reply::outcome::stored: return 201;
    case ingest_reply::outcome::duplicate: return 200;
    case ingest_reply::outcome::dead_letter: return 202;
    case ingest_reply::outcome::invalid: return 422;
    case ingest_reply::outcome::unavailable: return 503;
  }
  return 503;
}

/// The fields of an answer, without the braces.
void write_reply(json_writer& json, const ingest_reply& reply) {
  if (reply.what == ingest_reply::outcome::dead_letter) {
    json.field("dead_letter_id", reply.letter).field("reason", reply.reason).field("position", reply.pos);
  } else {
    json.field("event_id", reply.event).field("project_id", reply.project).field("position", reply.pos);
    json.field("duplicate", reply.what == ingest_reply::outcome::duplicate);
  }
  if (reply.what == ingest_reply::outcome::stored) json.field_strings("anomalies", reply.anomalies);
  if (reply.conflict) json.field("conflict", true);
}

problem store_refuses() { return overloaded("the store takes no writes at the moment; the event was not stored"); }

task<answer> ingest(service& s, request& r) {
  if (const auto refused = refuse_unread(r, "application/json", s.settings.max_body_bytes)) co_return response(*refused);
  const auto& source = *r.source;
  auto& limiter = s.sources.limiter(source);
  if (!limiter.take(std::chrono::steady_clock::now())) co_return response(too_fast(limiter));
  auto event = read_event(s, source, r.body, 400);
  if (!event) co_return response(event.error());
  if (!s.in_flight.acquire()) co_return response(overloaded("too many events are under way"));

  auto start = [&s, &event](actors::ingest_completion reply) {
    std::vector<actors::ingest_item> items;
    items.push_back({std::move(*event), std::move(reply)});
    s.engine.ingest(std::move(items));
  };
  auto reply = co_await await_completion<ingest_reply>(start);
  s.in_flight.release();
  const auto status = status_of(reply);
  s.ingest_lines.add("single", status);
  if (status == 503) co_return response(store_refuses());
  if (status == 422) co_return response(make_problem(422, reply.reason, reply.errors));
  json_writer json;
  json.begin_object();
  write_reply(json, reply);
  json.end_object();
  co_return response(status, json.str());
}

/// One line of a batch: its answer once it has one.
struct batch_line {
  std::string_view text;
  std::string answer;
};

/// Takes the next lines off the body, as many as may be under way at once; blank ones are passed over.
std::vector<batch_line> next_window(std::string_view& body) {
  std::vector<batch_line> lines;
  for (std::size_t bytes = 0; !body.empty() && lines.size() < batch_window && bytes < batch_window_bytes;) {
    auto line = body.substr(0, body.find('\n'));
    body.remove_prefix(std::min(line.size() + 1, body.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    bytes += line.size();
    lines.push_back({line, {}});
  }
  return lines;
}

bool has_too_many_lines(std::string_view body) {
  std::size_t lines = 0;
  while (!body.empty() && lines <= max_batch_lines) {
    const auto line = body.substr(0, body.find('\n'));
    body.remove_prefix(std::min(line.size() + 1, body.size()));
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) ++lines;
  }
  return lines > max_batch_lines;
}

/// A line's answer is short: whoever sends thousands of wrong ones finds out by the first faults of each.
std::string refusal_line(problem p) {
  if (p.errors.size() > max_line_errors) p.errors.resize(max_line_errors);
  return p.to_json();
}

std::string answer_line(const ingest_reply& reply) {
  const auto status = status_of(reply);
  if (status == 503) return store_refuses().to_json();
  if (status == 422) return make_problem(422, reply.reason, reply.errors).to_json();
  json_writer json;
  json.begin_object().field("status", status);
  write_reply(json, reply);
  json.end_object();
  return json.str();
}

/// Checks one line; an event goes on to the engine, anything else is answered at once.
std::optional<ingest_event> check_line(service& s, const source_settings& source, rate_limiter& limiter,
                                       batch_line& line) {
  const auto refuse = [&](const problem& p) {
    line.answer = refusal_line(p);
    s.ingest_lines.add("batch", p.status);
    return std::nullopt;
  };
  if (!limiter.take(std::chrono::steady_clock::now())) return refuse(too_fast(limiter));
  if (line.text.size() > s.settings.max_body_bytes)
    return refuse(make_problem(413, fmt::format("the line is longer than {} bytes", s.settings.max_body_bytes)));
  auto event = read_event(s, source, line.text, 422);
  if (!event) return refuse(event.error());
  if (!s.in_flight.acquire()) return refuse(overloaded("too many events are under way"));
  return std::move(*event);
}

/// Sends a window of lines through the engine and fills in their answers.
task<void> ingest_window(service& s, const source_settings& source, rate_limiter& limiter,
                                    std::span<batch_line> window) {
  std::vector<actors::ingest_item> items;
  std::vector<batch_line*> sent;
  for (auto& line : window) {
    if (auto event = check_line(s, source, limiter, line)) {
      items.push_back({std::move(*event), {}});
      sent.push_back(&line);
    }
  }
  if (items.empty()) {
    // Nothing went to the engine, and so nobody else had a turn on this thread.
    auto home = co_await boost::asio::this_coro::executor;
    co_await boost::asio::post(home, use_task);
    co_return;
  }
  auto start = [&s, &items, &sent](actors::completion<bool> all_answered) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      // Each answer is written by one engine thread; the last copy of `all_answered` to go makes them visible here.
      items[i].reply = actors::ingest_completion(
          [&s, line = sent[i], all_answered](ingest_reply reply) {
            s.in_flight.release();
            s.ingest_lines.add("batch", status_of(reply));
            line->answer = answer_line(reply);
          });
    }
    s.engine.ingest(std::move(items));
  };
  co_await await_completion<bool>(start);
}

/// A batch that is being taken: window by window, the answers of each as soon as it is through.
class batch {
public:
  batch(service& s, request& r) : service_(s), source_(*r.source), body_(std::move(r.body)), rest_(body_) {}

  /// Takes the next window and gives the answers to its lines; empty when there is none.
  task<std::string> next() {
    auto lines = next_window(rest_);
    co_await ingest_window(service_, source_, service_.sources.limiter(source_), lines);
    std::string answers;
    for (const auto& line : lines) answers.append(line.answer).push_back('\n');
    co_return answers;
  }
  [[nodiscard]] bool is_through() const { return rest_.empty(); }

private:
  service& service_;
  const source_settings& source_;
  std::string body_;
  std::string_view rest_;
};

task<bool> send_answers(event_sink& sink, std::shared_ptr<batch> taken, std::string first) {
  for (std::string text = std::move(first);;) {
    const bool alive = co_await sink.write(std::string_view(text));
    // What nobody waits for any more is not taken either: the source sends it again.
    if (!alive || sink.stopping()) co_return false;
    if (taken->is_through()) co_return true;
    text = co_await taken->next();
  }
}

task<answer> ingest_batch(service& s, request& r) {
  if (const auto refused = refuse_unread(r, ndjson, max_batch_bytes)) co_return response(*refused);
  if (has_too_many_lines(r.body)) co_return response(make_problem(413, fmt::format("a batch has at most {} lines", max_batch_lines)));
  const auto taken = std::make_shared<batch>(s, r);
  auto first = co_await taken->next();
  if (taken->is_through()) {
    response all(200, std::move(first));
    all.content_type = ndjson;
    co_return all;
  }
  streamed reply;
  reply.content_type = ndjson;
  reply.serve = [taken, first = std::move(first)](event_sink& sink) { return send_answers(sink, taken, first); };
  co_return reply;
}

}  // namespace

void add_ingest_routes(router& routes, service& s) {
  routes.add({"POST", "/api/events/ingest", [&s](request& r) { return ingest(s, r); },
              s.settings.max_body_bytes, access::source});
  routes.add({"POST", "/api/events/ingest/batch", [&s](request& r) { return ingest_batch(s, r); }, max_batch_bytes,
              access::source});
}

}  // namespace plo::http
