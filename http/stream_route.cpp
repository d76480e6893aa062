// GET /api/stream: everything after a position, in log order, for as long as the client stays.
#include <charconv>

#include "actors/stream_feed.hpp"
#include "http/authentication.hpp"
#include "http/event_sink.hpp"
#include "http/parameters.hpp"
#include "http/service.hpp"

namespace plo::http {

namespace {

constexpr std::chrono::seconds heartbeat{15};
constexpr std::size_t messages_per_write = 256;
constexpr std::size_t events_per_read = 1000;

/// Ends the subscription with the stream.
class subscription {
public:
  subscription(actors::stream_feed& feed, std::function<void()> wake)
      : feed_(feed), id_(feed.subscribe(std::move(wake))) {}
  ~subscription() { feed_.unsubscribe(id_); }
  subscription(const subscription&) = delete;
  subscription& operator=(const subscription&) = delete;

private:
  actors::stream_feed& feed_;
  std::uint64_t id_;
};

std::string text_of(const actors::stream_messages& messages, const actors::stream_filter& filter) {
  std::string text;
  for (const auto& message : messages)
    if (filter.matches(*message)) text += message->text;
  return text;
}

/// A session that ends, by whatever way, ends its streams before they tell anything more.
task<void> run_stream(service& s, event_sink& sink, position place, actors::stream_filter filter, std::string token) {
  auto& feed = s.engine.stream();
  const subscription subscribed(feed, sink.waker());
  bool alive = co_await sink.write(": connected\n\n");
  auto last_write = std::chrono::steady_clock::now();
  while (alive && !sink.stopping() && s.verifier->verify(token, actors::project_clock::wall_now())) {
    std::string text;
    auto portion = feed.read(place, messages_per_write);
    if (portion.behind) {
      text = text_of(actors::read_messages(s.engine.log(), place, portion.upto, events_per_read, s.engine.stores()), filter);
    } else {
      place = std::max(place, portion.upto);
      text = text_of(portion.messages, filter);
    }
    const auto now = std::chrono::steady_clock::now();
    if (text.empty() && now - last_write >= heartbeat) text = ": heartbeat\n\n";
    if (!text.empty()) {
      alive = co_await sink.write(text);
      last_write = now;
    } else if (!portion.behind && portion.messages.empty()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(last_write + heartbeat - now);
      co_await sink.wait(left);
    }
  }
}

unsigned read_topics(parameters& p) {
  unsigned topics = 0;
  const auto names = p.text("topics");
  std::string_view rest = names;
  while (!rest.empty()) {
    const auto name = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    if (name.empty()) continue;
    const auto topic = actors::parse_stream_topic(name);
    if (topic)
      topics |= static_cast<unsigned>(*topic);
    else
      p.fault("topics", "knows projects, anomalies, notifications, operations and kpis");
  }
  return topics;
}

/// Where the client left off; empty: from now on.
std::optional<position> read_place(const request& r, parameters& p) {
  const auto from_header = r.header("last-event-id");
  const auto text = from_header.empty() ? r.parameter("last_event_id") : from_header;
  if (text.empty()) return std::nullopt;
  std::uint64_t place = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), place);
  if (error != std::errc() || end != text.data() + text.size()) p.fault("last_event_id", "must be a position");
  return position{place};
}

task<answer> get_stream(service& s, request& r) {
  parameters p(r);
  actors::stream_filter filter;
  filter.topics = read_topics(p);
  filter.store_id = p.text("store_id");
  filter.severity = p.word("severity", {"warning", "critical"});
  filter.project = p.id<project_id>("project_id");
  const auto asked = read_place(r, p);
  if (!p.ok()) co_return response(p.refusal());
  // A place ahead of the log belongs to another log: from now on is the best that can be done.
  // What a query shows already is not news, even if the hub has still to publish it.
  const auto now = std::max(s.engine.stream().published(), s.engine.applied().applied());
  const auto place = asked ? std::min(*asked, now) : now;
  streamed events;
  std::string token(token_of(r).text);
  events.serve = [&s, place, filter, token](event_sink& sink) { return run_stream(s, sink, place, filter, token); };
  co_return events;
}

}  // namespace

void add_stream_route(router& routes, service& s) {
  routes.add({"GET", "/api/stream", [&s](request& r) { return get_stream(s, r); }});
}

}  // namespace plo::http
