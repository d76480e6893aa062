// POST /api/events/ingest and /batch.
#include <memory>

#include <fmt/format.h>

#include "domain/json.hpp"
#include "http/await.hpp"
#include "http/service.hpp"

namespace plo::http {

using actors::ingest_reply;

namespace {

constexpr std::size_t max_batch_bytes = 64u << 20;

/// A batch has at most this many of its lines under way at once, so that one sender does not take all permits.
constexpr std::size_t batch_window = 2000;

problem unauthorized(std::string detail) { return make_problem(401, std::move(detail)); }

problem too_fast(const rate_limiter& limiter) {
  auto p = make_problem(429, "the source sends faster than its rate limit");
  p.retry_after_s = limiter.retry_after_s();
  return p;
}

/// The checks that need no look into the body, in the order of the contract.
std::variant<const source_settings*, problem> admit(service& s, const request& r, std::string_view media_type,
                                                            std::size_t most_bytes) {
  const auto* source = s.sources.authenticate(r.header("authorization"));
  if (source == nullptr)
    return unauthorized(r.header("authorization").empty() ? "an API key is needed: Authorization: Bearer KEY"
                                                          : "the API key is not known");
  // A body that is too large to be read cannot be verified; its signature must at least be there.
  if (r.body_too_large ? !source->hmac_secret.empty() && r.header("x-plo-signature").empty()
                       : !source_access::is_signed(*source, r.header("x-plo-signature"), r.body))
    return unauthorized("X-PLO-Signature does not match the body");
  if (!is_media_type(r.header("content-type"), media_type))
    return make_problem(415, fmt::format("Content-Type must be {}", media_type));
  if (r.body_too_large || r.body.size() > most_bytes)
    return make_problem(413, fmt::format("the body is larger than {} bytes", most_bytes));
  return source;
}

tl::expected<ingest_event, problem> read_event(service& s, const source_settings& source,
                                               std::string_view body, unsigned not_json_status) {
  ingest_scope scope;
  scope.authenticated_source = source.name;
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
    case ingest_error::kind::unknown_source: return tl::unexpected(unauthorized(std::move(error.detail)));
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
    json.field("dead_letter_id", reply.letter).field("reason", reply.reason);
  } else {
    json.field("event_id", reply.event).field("project_id", reply.project).field("position", reply.pos);
    json.field("duplicate", reply.what == ingest_reply::outcome::duplicate);
  }
  if (reply.what == ingest_reply::outcome::stored) json.field_strings("anomalies", reply.anomalies);
  if (reply.conflict) json.field("conflict", true);
}

problem store_refuses() { return overloaded("the store takes no writes at the moment; the event was not stored"); }

task<answer> ingest(service& s, request& r) {
  auto admitted = admit(s, r, "application/json", s.settings.max_body_bytes);
  if (const auto* refused = std::get_if<problem>(&admitted)) co_return response(*refused);
  const auto& source = *std::get<const source_settings*>(admitted);
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

std::vector<batch_line> split_lines(std::string_view body) {
  std::vector<batch_line> lines;
  while (!body.empty()) {
    auto line = body.substr(0, body.find('\n'));
    body.remove_prefix(std::min(line.size() + 1, body.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.find_first_not_of(" \t") != std::string_view::npos) lines.push_back({line, {}});
  }
  return lines;
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
    line.answer = p.to_json();
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
  if (items.empty()) co_return;
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

task<answer> ingest_batch(service& s, request& r) {
  auto admitted = admit(s, r, "application/x-ndjson", max_batch_bytes);
  if (const auto* refused = std::get_if<problem>(&admitted)) co_return response(*refused);
  const auto& source = *std::get<const source_settings*>(admitted);
  auto& limiter = s.sources.limiter(source);

  auto lines = split_lines(r.body);
  for (std::size_t done = 0; done < lines.size(); done += batch_window) {
    const auto count = std::min(batch_window, lines.size() - done);
    co_await ingest_window(s, source, limiter, std::span(lines).subspan(done, count));
  }
  response result;
  result.content_type = "application/x-ndjson";
  for (const auto& line : lines) result.body.append(line.answer).push_back('\n');
  co_return result;
}

}  // namespace

void add_ingest_routes(router& routes, service& s) {
  routes.add({"POST", "/api/events/ingest", [&s](request& r) { return ingest(s, r); },
              s.settings.max_body_bytes, access::open});
  routes.add({"POST", "/api/events/ingest/batch", [&s](request& r) { return ingest_batch(s, r); }, max_batch_bytes,
              access::open});
}

}  // namespace plo::http
