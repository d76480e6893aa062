#include "app/outbox.hpp"

#include <spdlog/spdlog.h>

#include "app/message_templates.hpp"

namespace plo::app {

namespace {

actors::mail_tls tls_of(config::tls_mode mode) {
  switch (mode) {
    case config::tls_mode::if_offered: return actors::mail_tls::if_offered;
    case config::tls_mode::required: return actors::mail_tls::required;
    case config::tls_mode::off: return actors::mail_tls::off;
  }
  return actors::mail_tls::required;
}

}  // namespace

actors::outbox_settings outbox_settings_of(const config::settings& settings, actors::outbox_mode mode) {
  const auto& from = settings.notifications;
  actors::outbox_settings to;
  to.mode = mode;
  to.templates = std::make_shared<const notifications::message_templates>(load_message_templates(from.language));
  to.public_url = settings.server.public_url;
  to.mail = {from.smtp.url,      from.smtp.from,           from.smtp.username, from.smtp.password, tls_of(from.smtp.tls),
             from.smtp.ca_file.string(), from.smtp.timeout,      from.smtp.max_per_minute};
  for (const auto& [name, webhook] : from.webhooks)
    to.webhooks.emplace(name, actors::webhook_route{webhook.url, webhook.secret, webhook.ca_file.string(), webhook.timeout});
  to.recipients = from.recipients;
  to.retries = {from.retry_base, from.retry_cap, from.give_up_after};
  if (mode == actors::outbox_mode::send && !from.smtp.username.empty() && from.smtp.tls != config::tls_mode::required &&
      !from.smtp.url.starts_with("smtps:"))
    spdlog::warn("notifications.smtp: the password may travel unencrypted; tls = \"required\" or smtps:// prevents that");
  return to;
}

}  // namespace plo::app
