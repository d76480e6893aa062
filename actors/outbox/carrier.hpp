// The ways out of the house. A carrier takes one message to where it goes, and blocks meanwhile: it belongs to a detached actor.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actors/core/message_composer.hpp"
#include "actors/outbox/lane.hpp"
#include "actors/outbox/settings.hpp"

namespace plo::actors {

/// What one attempt came to.
struct attempt {
  bool way_was_free = true;  // false: nobody was reached at all, and nobody else would have been
  bool cut_short = false;    // the server is stopping: this was no attempt
  bool try_again = false;    // somebody who has not refused for good does not have it yet
  std::vector<std::string> reached;
  std::vector<refused_address> refused;
  std::string error;
};

struct parcel {
  const notification_request& request;
  const message& says;
  const outbox_item& item;
};

class carrier {
public:
  virtual ~carrier() = default;
  [[nodiscard]] virtual attempt carry(const parcel& parcel) = 0;
};

/// Writes a line to the log.
[[nodiscard]] std::unique_ptr<carrier> make_log_carrier();

/// One mail to all addresses of the role; to the log when the role has none. When `stopping` becomes true a transfer ends soon.
[[nodiscard]] std::unique_ptr<carrier> make_mail_carrier(const outbox_settings& settings, const std::atomic<bool>& stopping);

/// A signed POST.
[[nodiscard]] std::unique_ptr<carrier> make_webhook_carrier(webhook_route route, const std::atomic<bool>& stopping);

}  // namespace plo::actors
