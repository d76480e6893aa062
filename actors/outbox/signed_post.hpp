// A signed POST to somebody else's server: what tickets and event webhooks have in common.
#pragma once

#include <string>
#include <vector>

#include "actors/outbox/curl_transfer.hpp"
#include "actors/outbox/settings.hpp"

namespace plo::actors {

struct post_result {
  CURLcode code = CURLE_OK;
  long status = 0;     // 0: no answer
  std::string answer;  // its first bytes
};

/// Posts JSON with an Idempotency-Key, a timestamp and, where the route has a secret, a signature over both.
[[nodiscard]] post_result signed_post(curl_transfer& transfer, const webhook_route& route, const std::string& idempotency_key,
                                      const std::vector<std::string>& headers, const std::string& body);

/// Answers that speak of this message alone. Any other failure may well be everybody's.
[[nodiscard]] bool is_about_the_message(long status);

/// What went wrong, in a line.
[[nodiscard]] std::string failure_of(const curl_transfer& transfer, const post_result& result);

/// `sha256=HEX` of HMAC-SHA256 over `TIMESTAMP.BODY`.
[[nodiscard]] std::string post_signature(std::string_view secret, std::int64_t timestamp, std::string_view body);

}  // namespace plo::actors
