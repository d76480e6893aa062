// What the routes share: the engine, who may push, and the bounds of what is under way.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "actors/engine.hpp"
#include "http/auth/accounts.hpp"
#include "http/auth/login_throttle.hpp"
#include "http/auth/passwords.hpp"
#include "http/auth/source_access.hpp"
#include "http/auth/token_verifier.hpp"
#include "http/auth/tracking_tokens.hpp"
#include "http/commands/answer_table.hpp"
#include "http/server/export_slots.hpp"
#include "http/server/limits.hpp"
#include "http/server/proxies.hpp"
#include "http/server/router.hpp"
#include "http/server/settings.hpp"
#include "http/server/work_pool.hpp"

namespace prometheus {
struct MetricFamily;
}

namespace plo::http {

/// Counts answers by route and status.
class answer_counts {
public:
  void add(std::string_view route, unsigned status) {
    const std::lock_guard lock(guard_);
    auto found = counts_.find(std::pair<std::string_view, unsigned>(route, status));
    if (found == counts_.end()) found = counts_.emplace(std::pair(std::string(route), status), 0).first;
    ++found->second;
  }
  [[nodiscard]] auto snapshot() const {
    const std::lock_guard lock(guard_);
    return counts_;
  }

private:
  struct less {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const {
      return std::pair<std::string_view, unsigned>(a.first, a.second) <
             std::pair<std::string_view, unsigned>(b.first, b.second);
    }
  };
  mutable std::mutex guard_;
  std::map<std::pair<std::string, unsigned>, std::uint64_t, less> counts_;
};

/// Permits for events under way: beyond `max_in_flight` a sender is told to come back.
class permits {
public:
  explicit permits(std::size_t most) : most_(static_cast<std::int64_t>(most)) {}
  [[nodiscard]] bool acquire() {
    if (taken_.fetch_add(1) < most_) return true;
    taken_.fetch_sub(1);
    return false;
  }
  void release() { taken_.fetch_sub(1); }
  [[nodiscard]] std::int64_t taken() const { return taken_.load(); }

private:
  std::int64_t most_;
  std::atomic<std::int64_t> taken_{0};
};

class session_tokens;

/// Adds what a module counts to the metrics.
using metrics_source = std::function<void(std::vector<prometheus::MetricFamily>&)>;

struct service {
  service(actors::engine& e, const http::settings& s, accounts_view accounts);
  ~service();
  /// Ends what is done in the background. It answers to the threads of the connections, which must be there until then.
  void finish_background();

  actors::engine& engine;
  const http::settings& settings;
  source_access sources;
  accounts_view accounts;
  std::unique_ptr<const token_verifier> verifier;  // of sessions: PLO's own or an identity provider's
  const session_tokens* sessions = nullptr;        // the same one where it is PLO's own
  tracking_tokens tracking;
  login_throttle logins;
  answer_table given_answers;  // to commands with an Idempotency-Key
  permits in_flight;
  answer_counts answers;       // HTTP answers by route
  answer_counts ingest_lines;  // events by outcome, single and batch alike
  std::atomic<bool> stopping{false};
  std::atomic<bool> trying{false};        // a rule on history
  export_slots exports;                   // exports under way
  trusted_proxies proxies;
  byte_budget budget;                     // what clients make the server hold
  std::string standing_fields;            // header fields of every answer
  password_pool passwords;
  work_pool folds;    // what is read back and folded for one answer
  work_pool trials;   // of rules on history; they ask `stopping`
  std::vector<metrics_source> more_metrics;  // of modules
};

}  // namespace plo::http
