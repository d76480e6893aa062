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
  attempt carry(const parcel& parcel) override {
    const auto& request = parcel.request;
    spdlog::info("{} for {} goes to this log alone: {}", request.channel, printable(request.recipient, 100),
                 printable(parcel.says.subject()));
    attempt result;
    result.reached.emplace_back(sent_to_log);
    return result;
  }
};

}  // namespace

std::unique_ptr<carrier> make_log_carrier() { return std::make_unique<log_carrier>(); }

}  // namespace plo::actors
