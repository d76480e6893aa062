#include "actors/outbox/signed_post.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <sodium.h>

#include "actors/core/clock.hpp"
#include "domain/notifications/mime.hpp"

namespace plo::actors {

namespace {

constexpr std::size_t max_answer = 200;  // bytes of an answer that are kept for the error

std::size_t keep_start(char* text, std::size_t size, std::size_t count, void* kept) {
  auto& answer = *static_cast<std::string*>(kept);
  answer.append(text, std::min(size * count, max_answer - std::min(max_answer, answer.size())));
  return size * count;
}

}  // namespace

post_result signed_post(curl_transfer& transfer, const webhook_route& route, const std::string& idempotency_key,
                        const std::vector<std::string>& headers, const std::string& body) {
  transfer.begin(route.url, route.timeout, route.ca_file, true);
  transfer.set(CURLOPT_PROTOCOLS_STR, "http,https");
  transfer.set(CURLOPT_FOLLOWLOCATION, 0L);
  transfer.set(CURLOPT_USERAGENT, "plo");
  curl_list all;
  all.add("Content-Type: application/json");
  all.add("Expect:");  // no round trip to ask whether the body is welcome
  all.add(fmt::format("Idempotency-Key: {}", idempotency_key));
  for (const auto& header : headers) all.add(header);
  const auto now = std::chrono::floor<std::chrono::seconds>(project_clock::wall_now()).time_since_epoch().count();
  all.add(fmt::format("X-PLO-Timestamp: {}", now));
  if (!route.secret.empty()) all.add(fmt::format("X-PLO-Signature: {}", post_signature(route.secret, now, body)));
  transfer.set(CURLOPT_HTTPHEADER, all.get());
  transfer.set(CURLOPT_POST, 1L);
  transfer.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  transfer.set(CURLOPT_POSTFIELDS, body.c_str());
  post_result result;
  transfer.set(CURLOPT_WRITEFUNCTION, &keep_start);
  transfer.set(CURLOPT_WRITEDATA, static_cast<void*>(&result.answer));
  result.code = transfer.perform();
  if (result.code == CURLE_OK) result.status = transfer.response_code();
  return result;
}

bool is_about_the_message(long status) { return status == 400 || status == 409 || status == 413 || status == 422; }

std::string failure_of(const curl_transfer& transfer, const post_result& result) {
  if (result.status == 0) return transfer.error(result.code);
  return notifications::one_line(fmt::format("HTTP {} {}", result.status, result.answer), max_answer);
}

std::string post_signature(std::string_view secret, std::int64_t timestamp, std::string_view body) {
  const auto signed_text = fmt::format("{}.{}", timestamp, body);
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(signed_text.data()), signed_text.size());
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> code{};
  crypto_auth_hmacsha256_final(&state, code.data());
  std::array<char, 2 * crypto_auth_hmacsha256_BYTES + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), code.data(), code.size());
  return fmt::format("sha256={}", hex.data());
}

}  // namespace plo::actors
