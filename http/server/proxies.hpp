// Whose word about a client's address counts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/address.hpp>

namespace plo::http {

/// The proxies in front of the server. Without any, the address of the connection is the client's.
class trusted_proxies {
public:
  /// Addresses, or networks as `10.0.0.0/8`; throws std::runtime_error for anything else.
  explicit trusted_proxies(const std::vector<std::string>& networks);

  /// The client behind a connection: the last address in X-Forwarded-For that is no trusted proxy's, where the connection comes from one.
  [[nodiscard]] std::string client(const std::string& peer, std::string_view forwarded_for) const;
  [[nodiscard]] bool trusts(std::string_view address) const;

private:
  struct network {
    boost::asio::ip::address base;
    unsigned bits = 0;
  };
  std::vector<network> networks_;
};

}  // namespace plo::http
