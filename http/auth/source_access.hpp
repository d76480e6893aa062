// Who may push events: keys, signatures and rates of the source systems.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/server/settings.hpp"

namespace plo::http {

/// A bucket of one second's worth of events, filled continuously. Thread-safe.
class rate_limiter {
public:
  explicit rate_limiter(std::uint32_t per_second) : per_second_(per_second), tokens_(per_second) {}

  /// Takes one event's permit; false when there is none left. Always true without a limit (0).
  [[nodiscard]] bool take(std::chrono::steady_clock::time_point now);
  /// Seconds until the next permit, at least 1.
  [[nodiscard]] unsigned retry_after_s() const;

private:
  std::mutex guard_;
  double per_second_;
  double tokens_;
  std::optional<std::chrono::steady_clock::time_point> filled_at_;
};

class source_access {
public:
  using digest = std::array<unsigned char, 32>;

  explicit source_access(const std::map<std::string, source_settings, std::less<>>& sources);

  /// The source whose key the Authorization header carries; null when there is no key or nobody's. Takes the same time for every key.
  [[nodiscard]] const source_settings* authenticate(std::string_view authorization) const;
  /// Whether `X-PLO-Signature: sha256=HEX` is the HMAC of the body under the source's secret; true when the source has none.
  [[nodiscard]] static bool is_signed(const source_settings& source, std::string_view signature,
                                      std::string_view body);
  [[nodiscard]] const source_settings* find(std::string_view source) const;
  [[nodiscard]] rate_limiter& limiter(const source_settings& source);

private:
  std::map<std::string, source_settings, std::less<>> sources_;
  std::vector<std::pair<digest, const source_settings*>> keys_;  // SHA-256 of each source's key
  std::map<std::string, std::unique_ptr<rate_limiter>, std::less<>> limiters_;
};

}  // namespace plo::http
