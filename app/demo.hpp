// `plo demo` and `plo simulate`: PLO with made-up projects to look at, and the source systems played over HTTP.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace plo::app {

struct demo_options {
  std::optional<std::string> listen;
};
/// Serves about 300 projects at every stage from a store of its own, which goes away with the process.
[[nodiscard]] int demo(const demo_options& options);

struct simulate_options {
  std::string url = "http://127.0.0.1:8080";
  double rate = 1;  // events a second
  std::optional<double> seconds;  // empty: until a signal
  std::optional<std::uint64_t> seed;  // empty: another one each time
  std::map<std::string, std::string> keys;  // source → key; "dev-SOURCE" for those not named
};
/// Pushes events to a running server as the source systems would.
[[nodiscard]] int simulate(const simulate_options& options);

}  // namespace plo::app
