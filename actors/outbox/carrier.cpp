#include "actors/outbox/carrier.hpp"

#include <array>

#include <fmt/format.h>
#include <sodium.h>
#include <spdlog/spdlog.h>

#include "base/printable.hpp"

namespace plo::actors {

namespace {

class log_carrier final : public carrier {
public:
  explicit log_carrier(notifications::message_settings messages) : messages_(messages) {}

  attempt carry(const parcel& parcel) override {
    const auto& request = parcel.told.request;
    spdlog::info("{} for {} goes to this log alone: {}", request.channel, printable(request.recipient, 100),
                 printable(notifications::compose_subject(parcel.told, messages_)));
    attempt result;
    result.reached.emplace_back(sent_to_log);
    return result;
  }

private:
  notifications::message_settings messages_;
};

}  // namespace

std::unique_ptr<carrier> make_log_carrier(notifications::message_settings messages) { return std::make_unique<log_carrier>(messages); }

}  // namespace plo::actors
