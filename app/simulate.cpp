#include <algorithm>
#include <atomic>
#include <csignal>
#include <iostream>
#include <random>
#include <thread>

#include <fmt/format.h>

#include "actors/core/clock.hpp"
#include "actors/outbox/curl_transfer.hpp"
#include "app/demo.hpp"
#include "app/exit_status.hpp"
#include "app/scenario/script.hpp"
#include "base/json.hpp"

namespace plo::app {

namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr auto patience = 60s;          // with a server that does not answer
constexpr auto time_between_reports = 10s;
constexpr std::size_t max_answer_bytes = 64 * 1024;
// Of a hundred events: told twice, told late, overtaken by the next one, about a project nobody knows.
constexpr int repeated = 3, late = 5, overtaken = 3, stray = 1;
constexpr int in_trouble = 30;  // of a hundred projects

std::atomic<bool> is_stopping{false};
extern "C" void stop_simulation(int) { is_stopping = true; }

struct counts {
  std::uint64_t sent = 0, stored = 0, duplicates = 0, dead_letters = 0, anomalies = 0, refused = 0;
};

/// Posts events over one connection.
class event_poster {
public:
  enum class outcome { answered, denied, unreachable };

  explicit event_poster(const simulate_options& options) : options_(options), transfer_(is_stopping) {}

  /// Sends until the server takes it, it is clear that it never will, or patience or the time of the simulation ends.
  outcome post(const scenario::source_event& e, instant occurred_at, steady::time_point end, counts& tally) {
    const auto body = scenario::ingest_body(e, occurred_at);
    const auto give_up = std::min(steady::now() + steady::duration(patience), end);
    for (auto pause = 200ms; !is_stopping; pause = std::min(pause * 2, 5000ms)) {
      const auto [code, status, answer] = send(e.source, body);
      if (code == CURLE_OK && (status == 401 || status == 403)) return outcome::denied;
      if (code == CURLE_OK && status != 429 && status != 503) return count(status, answer, tally), outcome::answered;
      if (steady::now() > give_up) {
        std::cerr << "plo: " << options_.url << ": " << (code == CURLE_OK ? fmt::format("HTTP {}", status) : transfer_.error(code)) << "\n";
        return outcome::unreachable;
      }
      std::this_thread::sleep_for(pause);
    }
    return outcome::answered;
  }

private:
  struct reply {
    CURLcode code;
    long status;
    std::string body;
  };

  static std::size_t keep(char* text, std::size_t size, std::size_t count, void* kept) {
    auto& body = *static_cast<std::string*>(kept);
    body.append(text, std::min(size * count, max_answer_bytes - std::min(max_answer_bytes, body.size())));
    return size * count;
  }

  reply send(const std::string& source, const std::string& body) {
    transfer_.begin(options_.url + "/api/events/ingest", 30s, "", true);
    transfer_.set(CURLOPT_PROTOCOLS_STR, "http,https");
    const auto key = options_.keys.find(source);
    actors::curl_list headers;
    headers.add("Content-Type: application/json");
    headers.add("Expect:");
    headers.add("Authorization: Bearer " + (key == options_.keys.end() ? "dev-" + source : key->second));
    transfer_.set(CURLOPT_HTTPHEADER, headers.get());
    transfer_.set(CURLOPT_POST, 1L);
    transfer_.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    transfer_.set(CURLOPT_POSTFIELDS, body.c_str());
    std::string kept;
    transfer_.set(CURLOPT_WRITEFUNCTION, &keep);
    transfer_.set(CURLOPT_WRITEDATA, static_cast<void*>(&kept));
    const auto code = transfer_.perform();
    return {code, code == CURLE_OK ? transfer_.response_code() : 0, std::move(kept)};
  }

  static void count(long status, const std::string& body, counts& tally) {
    ++tally.sent;
    if (status == 201) ++tally.stored;
    else if (status == 200) ++tally.duplicates;
    else if (status == 202) ++tally.dead_letters;
    else ++tally.refused;
    if (status != 201) return;
    const auto document = json_document::parse(body);
    simdjson::dom::array raised;
    if (document && document->root().is_object() && document->root()["anomalies"].get(raised) == simdjson::SUCCESS) tally.anomalies += raised.size();
  }

  const simulate_options& options_;
  actors::curl_transfer transfer_;
};

/// The projects that are under way, each somewhere in its script.
class simulation {
public:
  simulation(const simulate_options& options, std::uint64_t seed)
      : random_(seed), most_(static_cast<std::size_t>(20 + options.rate * 10)),
        prefix_(fmt::format("SIM{:X}", actors::project_clock::wall_now().time_since_epoch().count() / 1000)) {}

  struct told {
    scenario::source_event event;
    instant occurred_at;
  };

  /// What is said next.
  told next() {
    const auto now = actors::project_clock::wall_now();
    if (chance(stray)) return {stray_event(now), now};
    if (!said_.empty() && chance(repeated)) return said_[below(said_.size())];
    if (under_way_.size() < most_ && (under_way_.empty() || chance(25))) begin(now);
    auto& chosen = under_way_[below(under_way_.size())];
    auto& events = chosen.told.events;
    if (chosen.next + 1 < events.size() && chosen.next > 0 && chance(overtaken)) std::swap(events[chosen.next], events[chosen.next + 1]);
    told said{events[chosen.next], chance(late) ? now - std::chrono::minutes(5 + below(350)) : now};
    if (++chosen.next == events.size()) {
      std::swap(chosen, under_way_.back());
      under_way_.pop_back();
    }
    if (said_.size() < 200) said_.push_back(said);
    else said_[below(said_.size())] = said;
    return said;
  }

private:
  struct running {
    scenario::script told;
    std::size_t next = 0;
  };

  std::uint64_t below(std::uint64_t n) { return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random_); }
  bool chance(int percent) { return below(100) < static_cast<std::uint64_t>(percent); }

  void begin(instant now) {
    scenario::script_options options;
    options.number = ++number_;
    options.prefix = prefix_;
    options.start = now;
    options.what = chance(in_trouble) ? static_cast<scenario::twist>(1 + below(scenario::twists - 1)) : scenario::twist::none;
    under_way_.push_back({scenario::make_script(options, random_), 0});
  }

  scenario::source_event stray_event(instant now) {
    const auto ref = fmt::format("{}-LOST-{}", prefix_, ++strays_);
    return {now, "tms", ref, "shipment.in_transit", ref, "{}"};
  }

  std::mt19937_64 random_;
  std::size_t most_;
  std::string prefix_;
  std::vector<running> under_way_;
  std::vector<told> said_;
  std::uint32_t number_ = 0, strays_ = 0;
};

void report(const counts& tally) {
  fmt::print("{} sent: {} stored, {} duplicates, {} dead letters, {} refused; {} anomalies raised at once\n", tally.sent, tally.stored, tally.duplicates,
             tally.dead_letters, tally.refused, tally.anomalies);
  std::fflush(stdout);
}

}  // namespace

int simulate(const simulate_options& options) {
  std::signal(SIGINT, stop_simulation);
  std::signal(SIGTERM, stop_simulation);
  simulation sources(options, options.seed.value_or(std::random_device()()));
  event_poster poster(options);
  counts tally;
  const auto begun = steady::now();
  const auto interval = std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(1 / options.rate));
  auto next_send = begun, next_report = begun + time_between_reports;
  const auto end = options.seconds ? begun + std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(*options.seconds)) : steady::time_point::max();
  while (!is_stopping && steady::now() < end) {
    const auto [event, occurred_at] = sources.next();
    const auto outcome = poster.post(event, occurred_at, end, tally);
    if (outcome == event_poster::outcome::denied) {
      std::cerr << "plo: " << options.url << " does not accept the key of " << event.source << "; name it with --key " << event.source << "=…\n";
      return bad_usage;
    }
    if (outcome == event_poster::outcome::unreachable) return check_failed;
    if (const auto now = steady::now(); now >= next_report) {
      report(tally);
      next_report = now + time_between_reports;
    }
    // A server that was slow for a while is not made up for with a burst.
    next_send = std::max(next_send + interval, steady::now() - 1s);
    while (!is_stopping && steady::now() < next_send) std::this_thread::sleep_until(std::min(next_send, steady::now() + steady::duration(200ms)));
  }
  report(tally);
  return done;
}

}  // namespace plo::app
