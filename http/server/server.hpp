// The HTTP server: accepts connections, serves routes, and ends in order.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/engine.hpp"
#include "http/auth/accounts.hpp"
#include "http/server/settings.hpp"

namespace plo::http {

class router;
struct service;

/// What a server serves: said by the registry (http/registry.hpp).
struct route_plan {
  accounts_view accounts;
  std::function<void(router&, service&)> add;
};

class server {
public:
  /// Binds the address of the settings; throws std::runtime_error when that is not possible. Settings and engine must outlive the server.
  server(const http::settings& settings, actors::engine& engine, const route_plan& plan);
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
