#include "http/server/proxies.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include <fmt/format.h>

#include "http/server/router.hpp"

namespace plo::http {

namespace {

using boost::asio::ip::address;

/// IPv4 as IPv6 writes it is IPv4.
address plain(const address& a) {
  return a.is_v6() && a.to_v6().is_v4_mapped() ? address(boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, a.to_v6())) : a;
}

template <class Bytes>
bool same_bits(const Bytes& a, const Bytes& b, unsigned bits) {
  for (std::size_t i = 0; i < a.size() && bits > 0; ++i) {
    const unsigned here = std::min(bits, 8u);
    const auto mask = static_cast<unsigned char>(0xff << (8 - here));
    if ((a[i] & mask) != (b[i] & mask)) return false;
    bits -= here;
  }
  return true;
}

}  // namespace

trusted_proxies::trusted_proxies(const std::vector<std::string>& networks) {
  for (const auto& text : networks) {
    const auto slash = text.find('/');
    boost::system::error_code error;
    const auto base = boost::asio::ip::make_address(text.substr(0, slash), error);
    const unsigned most = !error && base.is_v4() ? 32 : 128;
    unsigned bits = most;
    bool right = !error;
    if (slash != std::string::npos) {
      const auto* end = text.data() + text.size();
      const auto [stopped, wrong] = std::from_chars(text.data() + slash + 1, end, bits);
      right = right && wrong == std::errc() && stopped == end && bits <= most;
    }
    if (!right) throw std::runtime_error(fmt::format("trusted_proxies: '{}' is neither an address nor a network", text));
    networks_.push_back({base, bits});
  }
}

bool trusted_proxies::trusts(std::string_view text) const {
  boost::system::error_code error;
  const auto parsed = boost::asio::ip::make_address(std::string(text), error);
  if (error) return false;
  const auto a = plain(parsed);
  return std::any_of(networks_.begin(), networks_.end(), [&](const network& n) {
    if (a.is_v4() != n.base.is_v4()) return false;
    return a.is_v4() ? same_bits(a.to_v4().to_bytes(), n.base.to_v4().to_bytes(), n.bits)
                     : same_bits(a.to_v6().to_bytes(), n.base.to_v6().to_bytes(), n.bits);
  });
}

std::string trusted_proxies::client(const std::string& peer, std::string_view forwarded_for) const {
  if (networks_.empty() || forwarded_for.empty() || !trusts(peer)) return peer;
  // Each proxy adds at the end whom it saw: what stands before the last one we do not trust may be anybody's invention.
  auto rest = forwarded_for;
  while (!rest.empty()) {
    const auto comma = rest.rfind(',');
    const auto last = trimmed(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(0, comma);
    boost::system::error_code error;
    const auto parsed = boost::asio::ip::make_address(std::string(last), error);
    if (error) return peer;
    if (!trusts(last)) return plain(parsed).to_string();
  }
  return peer;
}

}  // namespace plo::http
