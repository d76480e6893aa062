// GET /api/stream: everything after a position, in log order, for as long as the client stays.
#include <charconv>
#include <span>
#include <vector>

#include "actors/views/stream_feed.hpp"
#include "http/auth/authentication.hpp"
#include "http/auth/jwt.hpp"
#include "http/routes/core/routes.hpp"
#include "http/server/event_sink.hpp"
#include "http/server/parameters.hpp"
#include "http/server/service.hpp"

namespace plo::http {

namespace {

constexpr std::chrono::seconds heartbeat{15};
constexpr std::chrono::milliseconds pause_of_the_busy{100};
constexpr std::size_t messages_per_write = 256;
constexpr std::size_t events_per_read = 1000;

/// Ends the subscription with the stream.
class subscription {
public:
  subscription(actors::stream_feed& feed, const actors::stream_filter& filter, std::function<void()> wake)
      : feed_(feed), id_(feed.subscribe(filter, std::move(wake))) {}
  ~subscription() { feed_.unsubscribe(id_); }
  subscription(const subscription&) = delete;
  subscription& operator=(const subscription&) = delete;
  [[nodiscard]] actors::stream_feed::portion read(position place) { return feed_.read(id_, place, messages_per_write); }

private:
  actors::stream_feed& feed_;
  actors::stream_feed::reader_id id_;
};

/// Whether a session still holds: looked at when an account has changed or the token may have run out, not at every message.
class session_watch {
public:
  session_watch(const service& s, std::string token) : service_(s), token_(std::move(token)), expires_at_(claimed_expiry(token_)) {}

  [[nodiscard]] bool holds(instant now) {
    auto accounts = service_.engine.accounts();
    if (accounts == seen_ && now < look_again_at_) return true;
    if (!service_.verifier->verify(token_, now)) return false;
    seen_ = std::move(accounts);
    // A provider's keys may change without our being told.
    look_again_at_ = std::min(expires_at_, now + milliseconds(heartbeat));
    return true;
  }

private:
  const service& service_;
  std::string token_;
  instant expires_at_;
  instant look_again_at_ = instant::min();
  operators::account_book_pointer seen_;
};

/// A session that ends, by whatever way, ends its streams before they tell anything more.
task<bool> run_stream(service& s, event_sink& sink, position place, actors::stream_filter filter, std::string token) {
  subscription subscribed(s.engine.stream(), filter, sink.waker());
  session_watch session(s, std::move(token));
  bool alive = co_await sink.write(std::string_view(": connected\n\n"));
  auto last_write = std::chrono::steady_clock::now();
  while (alive && !sink.stopping() && session.holds(actors::project_clock::wall_now())) {
    auto portion = subscribed.read(place);
    if (portion.behind) {
      // What is only in the log is read elsewhere, some at a time: a client that has been away for long costs the others nothing.
      auto work = [&] { return actors::read_messages(s.engine.log(), place, portion.upto, events_per_read, s.engine.stores()); };
      auto read = co_await on_pool(s.folds, work);
      if (!read) {
        co_await sink.wait(pause_of_the_busy);
        continue;
      }
      for (auto& message : *read)
        if (filter.matches(*message)) portion.messages.push_back(std::move(message));
    } else {
      place = std::max(place, portion.upto);
    }
    const auto now = std::chrono::steady_clock::now();
    std::vector<std::string_view> pieces;
    for (const auto& message : portion.messages) pieces.emplace_back(message->text);
    if (pieces.empty() && now - last_write >= heartbeat) pieces.emplace_back(": heartbeat\n\n");
    if (!pieces.empty()) {
      alive = co_await sink.write(std::span<const std::string_view>(pieces));
      last_write = now;
    } else if (!portion.behind) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(last_write + heartbeat - now);
      co_await sink.wait(left);
    }
  }
  co_return false;
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
  const auto from_query = p.text("last_event_id");
  const std::string_view text = from_header.empty() ? std::string_view(from_query) : from_header;
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
  events.content_type = "text/event-stream";
  events.endless = true;
  std::string token(token_of(r).text);
  events.serve = [&s, place, filter, token](event_sink& sink) { return run_stream(s, sink, place, filter, token); };
  co_return events;
}

}  // namespace

void add_stream_route(router& routes, service& s) {
  routes.add({"GET", "/api/stream", [&s](request& r) { return get_stream(s, r); }});
}

}  // namespace plo::http
