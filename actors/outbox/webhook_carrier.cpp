// Tickets by HTTP.
#include "actors/outbox/carrier.hpp"
#include "actors/outbox/signed_post.hpp"

namespace plo::actors {

namespace {

class webhook_carrier final : public carrier {
public:
  webhook_carrier(webhook_route route, const std::atomic<bool>& stopping) : route_(std::move(route)), transfer_(stopping) {}

  attempt carry(const parcel& parcel) override {
    const auto& request = parcel.request;
    const auto posted = signed_post(transfer_, route_, request.id.to_string(), {}, parcel.says.ticket());
    attempt result;
    if (posted.code == CURLE_ABORTED_BY_CALLBACK) {
      result.cut_short = true;
      return result;
    }
    if (posted.status >= 200 && posted.status < 300) {
      result.reached.push_back(request.recipient);
      return result;
    }
    result.try_again = true;
    result.way_was_free = is_about_the_message(posted.status);
    result.error = failure_of(transfer_, posted);
    return result;
  }

private:
  webhook_route route_;
  curl_transfer transfer_;
};

}  // namespace

std::unique_ptr<carrier> make_webhook_carrier(webhook_route route, const std::atomic<bool>& stopping) {
  if (route.url.empty()) return make_log_carrier();
  return std::make_unique<webhook_carrier>(std::move(route), stopping);
}

}  // namespace plo::actors
