// The HTTP server: accepts connections, serves routes, and ends in order.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/engine.hpp"
#include "http/server/settings.hpp"

namespace plo::http {

class server {
public:
  /// Binds the address of the settings; throws std::runtime_error when that is not possible. Both must outlive the server.
  server(const http::settings& settings, actors::engine& engine);
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// `http://HOST:PORT` with the port that was bound.
  [[nodiscard]] std::string url() const;

  /// Method and pattern of every route.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> routes() const;

  /// Serves until SIGTERM or SIGINT, then stops accepting, finishes what is under way, and returns.
  void run();

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace plo::http
