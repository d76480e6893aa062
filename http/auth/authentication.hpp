// Whether a request may use a route: its session, its role, and whether another site sent it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/server/router.hpp"
#include "http/server/service.hpp"

namespace plo::http {

inline constexpr std::string_view session_cookie = "plo_session";

/// The token a request carries: of `Authorization: Bearer`, or of the cookie when there is no such header, or one of another scheme. Empty: none.
struct shown_token {
  std::string_view text;
  bool in_cookie = false;
};
[[nodiscard]] shown_token token_of(const request& r);

/// Whether a browser sent the request on behalf of another site: its Origin is neither `public_url`'s nor the Host it asked, by the scheme it
/// asked with (`https`: a trusted proxy says that it was that one).
[[nodiscard]] bool is_from_elsewhere(const request& r, std::string_view public_url, bool https);

/// Fills in whose request it is; says why it is refused: 401 without a valid key or session, 403 for a role too low or a write that another site
/// sent with the cookie.
[[nodiscard]] std::optional<problem> authenticate(const service& s, const route& to, request& r);

/// The Set-Cookie of a session, and of its end.
[[nodiscard]] std::string session_cookie_of(std::string_view token, milliseconds lifetime, bool secure);
[[nodiscard]] std::string ended_session_cookie(bool secure);

}  // namespace plo::http
