// What notifications say: asked for by the outbox, answered by the module that the notification comes from.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "domain/event/event.hpp"
#include "domain/notifications/mime.hpp"
#include "domain/notifications/notification.hpp"

namespace plo::actors {

/// What a notification says in each form that it may be sent in; composed when it is asked for.
class message {
public:
  virtual ~message() = default;
  [[nodiscard]] virtual notifications::mail mail() const = 0;
  [[nodiscard]] virtual std::string ticket() const = 0;   // a JSON body
  [[nodiscard]] virtual std::string subject() const = 0;  // on one line
};

/// From a request, and the event that it stands in, to the words.
using message_composer = std::function<std::unique_ptr<message>(const notification_request& request, const recorded_event& requested)>;

}  // namespace plo::actors
