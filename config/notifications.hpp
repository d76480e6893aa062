// The [notifications] table: mail server, webhooks, recipients and the patience with them.
#pragma once

#include <filesystem>

#include "config/config.hpp"
#include "config/section.hpp"

namespace plo::config {

/// `base` is the folder of relative paths. Secrets named by a variable are looked up in the process environment.
void read_notifications(section& in, const std::filesystem::path& base, notification_settings& out);
/// The [webhooks] table: servers that are told of events.
void read_event_webhooks(section& in, const std::filesystem::path& base, std::map<std::string, event_webhook_settings, std::less<>>& out);

}  // namespace plo::config
