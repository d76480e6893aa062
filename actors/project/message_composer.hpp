// What the notifications of projects say, for the outbox.
#pragma once

#include <memory>

#include "actors/core/message_composer.hpp"
#include "domain/project/messages/compose.hpp"
#include "eventstore/log.hpp"

namespace plo::actors {

struct message_texts {
  std::shared_ptr<const notifications::message_templates> templates;
  std::string public_url;
  domain_settings domain;  // for the zone of the times that messages tell
};

/// Messages tell what the log knew when they were requested. The log outlives the composer.
[[nodiscard]] message_composer compose_project_messages(const eventstore::log& log, message_texts texts);

}  // namespace plo::actors
