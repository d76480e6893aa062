#include "actors/outbox_carrier.hpp"

#include <array>

#include <fmt/format.h>
#include <sodium.h>
#include <spdlog/spdlog.h>

namespace plo::actors {

namespace {

class log_carrier final : public carrier {
public:
  explicit log_carrier(notifications::message_settings messages) : messages_(messages) {}

  attempt carry(const parcel& parcel) override {
    const auto& request = parcel.told.request;
    spdlog::info("{} for {} goes to this log alone: {}", request.channel, notifications::one_line(request.recipient, 100),
                 notifications::compose_subject(parcel.told, messages_));
    attempt result;
    result.reached.emplace_back(sent_to_log);
    return result;
  }

private:
  notifications::message_settings messages_;
};

}  // namespace

std::unique_ptr<carrier> make_log_carrier(notifications::message_settings messages) { return std::make_unique<log_carrier>(messages); }

std::string ticket_signature(std::string_view secret, std::int64_t timestamp, std::string_view body) {
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
