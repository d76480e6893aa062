#include "config/notifications.hpp"

#include <cstdlib>
#include <fstream>

namespace plo::config {
namespace {

namespace fs = std::filesystem;

/// A secret given in the file as KEY, or in the environment as the variable that KEY_env names; not both.
void read_secret(section& in, const std::string& key, std::string& out) {
  bool given = false;
  in.text(key, [&](const std::string& value) { return given = true, out = value, std::string(); });
  in.text(key + "_env", [&](const std::string& value) -> std::string {
    if (given) return fmt::format("{} is given too", in.name_of(key));
    if (!is_variable_name(value)) return fmt::format("'{}' is not a name of an environment variable", value);
    const char* found = std::getenv(value.c_str());
    if (!found || !*found) return fmt::format("the environment variable {} is not set", value);
    out = found;
    return {};
  });
}

/// Credentials in a URL would end up in logs and error messages.
void read_url(section& in, std::initializer_list<std::string_view> schemes, std::string& out) {
  in.text("url", [&](const std::string& value) -> std::string {
    if (!value.empty() && !is_url(value, schemes)) return fmt::format("'{}' is not an {} URL", value, fmt::join(schemes, " or "));
    const auto authority = value.substr(std::min(value.find("://"), value.size()));
    if (authority.substr(0, authority.find('/', 3)).find('@') != std::string::npos) return "a URL must not hold credentials";
    out = value;
    return {};
  });
}

void read_ca_file(section& in, const fs::path& base, fs::path& out) {
  in.text("ca_file", [&](const std::string& value) -> std::string {
    const auto file = (base / value).lexically_normal();
    if (!std::ifstream(file).good()) return fmt::format("{} cannot be read", file.string());
    out = file;
    return {};
  });
}

std::string not_an_address(std::string_view value) { return fmt::format("'{}' is not a mail address", value); }

void read_smtp(section& in, const fs::path& base, smtp_settings& out) {
  read_url(in, {"smtp", "smtps"}, out.url);
  in.text("from", [&](const std::string& value) -> std::string {
    if (!is_mail_address(value)) return not_an_address(value);
    out.from = value;
    return {};
  });
  in.text("username", out.username);
  read_secret(in, "password", out.password);
  in.text("tls", [&](const std::string& value) -> std::string {
    if (value == "auto") out.tls = tls_mode::if_offered;
    else if (value == "required") out.tls = tls_mode::required;
    else if (value == "off") out.tls = tls_mode::off;
    else return fmt::format("'{}' is none of auto, required and off", value);
    return {};
  });
  read_ca_file(in, base, out.ca_file);
  in.duration("timeout", out.timeout);
  in.integer("max_per_minute", out.max_per_minute, 0, 1'000'000);
  if (out.username.empty() != out.password.empty()) {
    refuse(in.where(), fmt::format("{} needs username and password, or neither", in.path()));
  }
}

void read_webhook(section& in, const fs::path& base, webhook_settings& out) {
  read_url(in, {"http", "https"}, out.url);
  read_secret(in, "secret", out.secret);
  read_ca_file(in, base, out.ca_file);
  in.duration("timeout", out.timeout);
}

}  // namespace

void read_event_webhooks(section& in, const fs::path& base, std::map<std::string, event_webhook_settings, std::less<>>& out) {
  for (const auto& name : in.keys()) {
    in.table(name, [&](section& webhook) {
      auto& to = out[name];
      read_webhook(webhook, base, to.way);
      webhook.texts("events", [&](const std::string& value) {
        to.events.push_back(value);
        return std::string();
      });
      if (to.way.url.empty()) refuse(webhook.where(), fmt::format("{} needs url", webhook.path()));
      if (to.events.empty()) refuse(webhook.where(), fmt::format("{} needs events, such as [\"anomaly.raised\"]", webhook.path()));
    });
  }
}

void read_notifications(section& in, const fs::path& base, notification_settings& out) {
  in.text("language", [&](const std::string& value) -> std::string {
    if (value != "fr" && value != "en") return fmt::format("'{}' is neither fr nor en", value);
    out.language = value;
    return {};
  });
  in.duration("retry_base", out.retry_base);
  in.duration("retry_cap", out.retry_cap);
  in.duration("give_up_after", out.give_up_after);
  if (out.retry_cap < out.retry_base) {
    refuse(in.where(), fmt::format("{} is shorter than {}", in.name_of("retry_cap"), in.name_of("retry_base")));
  }
  in.table("smtp", [&](section& smtp) { read_smtp(smtp, base, out.smtp); });
  in.table("webhooks", [&](section& webhooks) {
    for (const auto& name : webhooks.keys()) {
      webhooks.table(name, [&](section& webhook) { read_webhook(webhook, base, out.webhooks[name]); });
    }
  });
  in.table("recipients", [&](section& recipients) {
    for (const auto& role : recipients.keys()) {
      auto& addresses = out.recipients[role];
      recipients.texts(role, [&](const std::string& value) -> std::string {
        if (!is_mail_address(value)) return not_an_address(value);
        addresses.push_back(value);
        return {};
      });
    }
  });
}

}  // namespace plo::config
