// How notifications leave the house, handed over by app/, which reads the configuration. Free of any framework.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "domain/notifications/templates.hpp"

namespace plo::actors {

enum class mail_tls : std::uint8_t { if_offered, required, off };

struct mail_route {
  std::string url;  // smtp:// or smtps://; empty: mails are logged
  std::string from;
  std::string username, password;  // empty: no authentication
  mail_tls tls = mail_tls::if_offered;
  std::string ca_file;  // empty: the system's
  milliseconds timeout{20'000};
  std::uint32_t per_minute = 0;  // mails at the most; 0: as fast as they go
};

struct webhook_route {
  std::string url;     // empty: tickets are logged
  std::string secret;  // empty: no signature
  std::string ca_file;
  milliseconds timeout{20'000};
};

/// What cannot be delivered is tried again after `base`, then twice as long each time up to `cap`, until `give_up_after`.
struct patience {
  milliseconds base{1'000};
  milliseconds cap{900'000};
  milliseconds give_up_after{86'400'000};
};

enum class outbox_mode : std::uint8_t {
  send,
  log_only,  // history is loaded: everything counts as sent, to the log, and nobody is told
};

struct outbox_settings {
  outbox_mode mode = outbox_mode::log_only;
  std::shared_ptr<const notifications::message_templates> templates;  // needed to send
  std::string public_url;
  mail_route mail;
  std::map<std::string, webhook_route, std::less<>> webhooks;
  std::map<std::string, std::vector<std::string>, std::less<>> recipients;  // role → addresses
  patience retries;
};

}  // namespace plo::actors
