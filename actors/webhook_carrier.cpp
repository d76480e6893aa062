// Tickets by HTTP.
#include <algorithm>

#include <fmt/format.h>

#include "actors/clock.hpp"
#include "actors/curl_transfer.hpp"
#include "actors/outbox_carrier.hpp"

namespace plo::actors {

namespace {

constexpr std::size_t max_answer = 200;  // bytes of an answer that are kept for the error

std::size_t keep_start(char* text, std::size_t size, std::size_t count, void* kept) {
  auto& answer = *static_cast<std::string*>(kept);
  answer.append(text, std::min(size * count, max_answer - std::min(max_answer, answer.size())));
  return size * count;
}

/// Answers that speak of this ticket alone. Any other failure may well be everybody's.
bool is_about_the_ticket(long status) { return status == 400 || status == 409 || status == 413 || status == 422; }

class webhook_carrier final : public carrier {
public:
  webhook_carrier(webhook_route route, notifications::message_settings messages, const std::atomic<bool>& stopping)
      : route_(std::move(route)), messages_(messages), transfer_(stopping) {}

  attempt carry(const parcel& parcel) override {
    const auto& request = parcel.told.request;
    const auto body = notifications::compose_ticket(parcel.told, messages_);
    std::string answer;
    const auto code = post(request, body, answer);
    attempt result;
    if (code == CURLE_ABORTED_BY_CALLBACK) {
      result.cut_short = true;
      return result;
    }
    const auto status = code == CURLE_OK ? transfer_.response_code() : 0;
    if (status >= 200 && status < 300) {
      result.reached.push_back(request.recipient);
      return result;
    }
    result.try_again = true;
    result.way_was_free = is_about_the_ticket(status);
    result.error = status == 0 ? transfer_.error(code) : notifications::one_line(fmt::format("HTTP {} {}", status, answer), max_answer);
    return result;
  }

private:
  CURLcode post(const notification_request& request, const std::string& body, std::string& answer) {
    transfer_.begin(route_.url, route_.timeout, route_.ca_file, true);
    transfer_.set(CURLOPT_PROTOCOLS_STR, "http,https");
    transfer_.set(CURLOPT_FOLLOWLOCATION, 0L);
    transfer_.set(CURLOPT_USERAGENT, "plo");
    curl_list headers;
    headers.add("Content-Type: application/json");
    headers.add("Expect:");  // no round trip to ask whether the body is welcome
    headers.add(fmt::format("Idempotency-Key: {}", request.id.to_string()));
    const auto now = std::chrono::floor<std::chrono::seconds>(project_clock::wall_now()).time_since_epoch().count();
    headers.add(fmt::format("X-PLO-Timestamp: {}", now));
    if (!route_.secret.empty()) headers.add(fmt::format("X-PLO-Signature: {}", ticket_signature(route_.secret, now, body)));
    transfer_.set(CURLOPT_HTTPHEADER, headers.get());
    transfer_.set(CURLOPT_POST, 1L);
    transfer_.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    transfer_.set(CURLOPT_POSTFIELDS, body.c_str());
    transfer_.set(CURLOPT_WRITEFUNCTION, &keep_start);
    transfer_.set(CURLOPT_WRITEDATA, static_cast<void*>(&answer));
    return transfer_.perform();
  }

  webhook_route route_;
  notifications::message_settings messages_;
  curl_transfer transfer_;
};

}  // namespace

std::unique_ptr<carrier> make_webhook_carrier(webhook_route route, notifications::message_settings messages,
                                              const std::atomic<bool>& stopping) {
  if (route.url.empty()) return make_log_carrier(messages);
  return std::make_unique<webhook_carrier>(std::move(route), messages, stopping);
}

}  // namespace plo::actors
