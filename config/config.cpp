#include "config/config.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <utility>

#include <date/tz.h>
#include <fmt/format.h>
#include <toml++/toml.h>

#include "config/calendars.hpp"
#include "config/notifications.hpp"
#include "config/section.hpp"
#include "config/values.hpp"

namespace plo::config {
namespace {

namespace fs = std::filesystem;

fs::path beside(const fs::path& base, const std::string& path) { return (base / path).lexically_normal(); }

void read_timezone(section& in, std::string& out) {
  in.text("timezone", [&](const std::string& value) -> std::string {
    try {
      if (value.empty()) return "a time zone such as Europe/Paris is needed";
      date::locate_zone(value);
    } catch (const std::runtime_error&) {
      return fmt::format("'{}' is no time zone of this machine's tz database", value);
    }
    out = value;
    return {};
  });
}

void read_country(section& in, std::string& out) {
  in.text("country", [&](const std::string& value) -> std::string {
    auto code = country_code(value);
    if (!code) return fmt::format("'{}' is neither an ISO 3166 code such as FR nor the name of a country with a calendar", value);
    out = *std::move(code);
    return {};
  });
}

void read_store(section& in, const std::string& id, store_settings& out) {
  out.name = id;
  in.text("name", [&](const std::string& value) -> std::string {
    if (value.empty()) return "a name is needed";
    out.name = value;
    return {};
  });
  read_timezone(in, out.timezone);
  read_country(in, out.country);
  in.text("postal_code", [&](const std::string& value) -> std::string {
    const auto allowed = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == ' ' || c == '-'; };
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (value.size() > 16 || !std::all_of(value.begin(), value.end(), allowed) || std::none_of(value.begin(), value.end(), is_digit)) {
      return fmt::format("'{}' is not a postal code", value);
    }
    out.postal_code = value;
    return {};
  });
}

void read_stores(section& in, std::map<std::string, store_settings, std::less<>>& out) {
  for (const auto& id : in.keys()) {
    if (id.empty()) refuse(in.where_key(id), "a store needs an id");
    in.table(id, [&](section& store) { read_store(store, id, out[id]); });
  }
}

void read_server(section& in, const fs::path& base, server_settings& out) {
  in.text("listen", [&](const std::string& value) -> std::string {
    const auto parsed = parse_endpoint(value);
    if (!parsed) return parsed.error();
    out.listen = *parsed;
    return {};
  });
  in.text("data_dir", [&](const std::string& value) -> std::string {
    if (value.empty()) return "a folder is needed";
    out.data_dir = beside(base, value);
    return {};
  });
  read_timezone(in, out.timezone);
  in.integer("io_threads", out.io_threads, 0, 1024);
  read_country(in, out.country);
  in.text("public_url", [&](const std::string& value) -> std::string {
    if (!is_url(value, {"http", "https"})) return fmt::format("'{}' is not an http or https URL", value);
    out.public_url = value;
    return {};
  });
  in.texts("trusted_proxies", [&](const std::string& value) -> std::string {
    if (!is_network(value)) return fmt::format("'{}' is neither an address such as 10.0.0.1 nor a network such as 10.0.0.0/8", value);
    out.trusted_proxies.push_back(value);
    return {};
  });
}

std::string not_an_event_type(std::string_view value) {
  return fmt::format("'{}' is not an event type such as order.confirmed", value);
}

void read_ingest(section& in, ingest_settings& out) {
  in.integer("max_in_flight", out.max_in_flight, 1, 10'000'000);
  in.integer("max_body_bytes", out.max_body_bytes, 1, 64 * 1024 * 1024);
  if (in.find<toml::array>("opens_project")) out.opens_project.clear();
  in.texts("opens_project", [&](const std::string& value) -> std::string {
    if (!is_event_type(value)) return not_an_event_type(value);
    out.opens_project.push_back(value);
    return {};
  });
  in.duration("attach_period", out.attach_period);
  in.duration("max_ahead", out.max_ahead);
  in.table("limits", [&](section& limits) {
    constexpr std::int64_t most = 1'000'000;
    limits.integer("lines_per_order", out.limits.lines_per_order, 1, most);
    limits.integer("orders_per_project", out.limits.orders_per_project, 1, most);
    limits.integer("legs_per_project", out.limits.legs_per_project, 1, most);
    limits.integer("tours_per_project", out.limits.tours_per_project, 1, most);
    limits.integer("visits_per_project", out.limits.visits_per_project, 1, most);
    limits.integer("text_bytes", out.limits.text_bytes, 1, 64 * 1024 * 1024);
  });
}

/// Where the source's key comes from: exactly one of key, key_env and key_sha256.
void read_key(section& in, source_settings& out) {
  int given = 0;
  in.text("key", [&](const std::string& value) -> std::string {
    ++given;
    if (value.empty()) return "an empty key would let everyone in";
    out.key_sha256 = sha256_hex(value);
    return {};
  });
  in.text("key_env", [&](const std::string& value) -> std::string {
    ++given;
    if (!is_variable_name(value)) return fmt::format("'{}' is not a name of an environment variable", value);
    const char* key = std::getenv(value.c_str());
    if (!key || !*key) return fmt::format("the environment variable {} is not set", value);
    out.key_sha256 = sha256_hex(key);
    return {};
  });
  in.text("key_sha256", [&](std::string value) -> std::string {
    ++given;
    std::transform(value.begin(), value.end(), value.begin(),
                   [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
    const auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (value.size() != 64 || !std::all_of(value.begin(), value.end(), hex)) return "64 hexadecimal digits are needed";
    out.key_sha256 = std::move(value);
    return {};
  });
  if (given != 1) {
    refuse(in.where(), fmt::format("{} needs exactly one of key, key_env and key_sha256", in.path()));
  }
}

void read_source(section& in, source_settings& out) {
  read_key(in, out);
  in.text("hmac_secret", out.hmac_secret);
  in.integer("rate_limit_per_s", out.rate_limit_per_s, 0, std::numeric_limits<std::uint32_t>::max());
  in.table("map", [&](section& map) {
    for (const auto& name : map.keys()) {
      map.text(name, [&](const std::string& value) -> std::string {
        if (!is_event_type(value)) return not_an_event_type(value);
        out.event_type_map.emplace(name, value);
        return {};
      });
    }
  });
}

void read_sources(section& in, settings& out) {
  for (const auto& name : in.keys()) {
    if (std::find(known_sources().begin(), known_sources().end(), name) == known_sources().end()) {
      refuse(in.where_key(name), fmt::format("unknown source {}; known are {}", name, fmt::join(known_sources(), ", ")));
    }
    in.table(name, [&](section& table) {
      source_settings source;
      source.name = name;
      read_source(table, source);
      // A key stands for one source: with two, nobody could tell who is sending.
      for (const auto& [other, settings] : out.sources) {
        if (settings.key_sha256 == source.key_sha256) {
          refuse(table.where(), fmt::format("{} has the same key as sources.{}", table.path(), other));
        }
      }
      out.sources.emplace(name, std::move(source));
    });
  }
}

void read_oidc(section& in, const fs::path& base, oidc_settings& out) {
  const auto needed = [&](std::string_view key, std::string& to) {
    in.text(key, [&](const std::string& value) -> std::string {
      to = value;
      return value.empty() ? "a text is needed" : "";
    });
    if (to.empty()) refuse(in.where(), fmt::format("{} needs {}", in.path(), key));
  };
  std::string file;
  needed("issuer", out.issuer);
  needed("audience", out.audience);
  needed("jwks_file", file);
  out.jwks_file = beside(base, file);
  if (!is_readable(out.jwks_file)) refuse(in.where(), fmt::format("{}.jwks_file: {} cannot be read", in.path(), out.jwks_file.string()));
  in.text("role_claim", out.role_claim);
  in.text("email_claim", out.email_claim);
  in.table("roles", [&](section& roles) {
    for (const auto& value : roles.keys()) {
      roles.text(value, [&](const std::string& role) -> std::string {
        if (role != "admin" && role != "operator" && role != "viewer") return fmt::format("'{}' is not admin, operator or viewer", role);
        out.roles.emplace(value, role);
        return {};
      });
    }
  });
}

void read_auth(section& in, const fs::path& base, auth_settings& out) {
  in.text("jwt_secret_env", [&](const std::string& value) -> std::string {
    if (!is_variable_name(value)) return fmt::format("'{}' is not a name of an environment variable", value);
    out.jwt_secret_env = value;
    return {};
  });
  in.duration("session", out.session);
  in.table("oidc", [&](section& table) { read_oidc(table, base, out.oidc.emplace()); });
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); });
}

void read_privacy(section& in, const fs::path& base, privacy_settings& out) {
  if (in.find<toml::array>("fields")) out.fields.emplace();
  in.texts("fields", [&](const std::string& value) -> std::string {
    if (value.empty()) return "a name of a member is needed";
    out.fields->push_back(value);
    return {};
  });
  in.text("master_key_env", [&](const std::string& value) -> std::string {
    if (!is_variable_name(value)) return fmt::format("'{}' is not a name of an environment variable", value);
    const char* key = std::getenv(value.c_str());
    if (!key || !*key) return fmt::format("the environment variable {} is not set", value);
    if (std::string_view(key).size() != 64 || !is_hex(key)) return fmt::format("{} must be 64 hexadecimal digits", value);
    out.master_key = key;
    return {};
  });
  in.text("master_key_file", [&](const std::string& value) -> std::string {
    if (!out.master_key.empty()) return "one of master_key_env and master_key_file is enough";
    if (!value.empty()) out.master_key_file = beside(base, value);
    return {};
  });
}

void read_retention(section& in, retention_settings& out) {
  in.duration("archive_after", out.archive_after);
  in.duration("check_every", out.check_every);
}

settings read_root(const toml::table& table, const fs::path& base) {
  settings out;
  out.server.data_dir = beside(base, out.server.data_dir.string());
  section root(table, "");
  root.table("server", [&](section& in) { read_server(in, base, out.server); });
  root.table("stores", [&](section& in) { read_stores(in, out.stores); });
  root.table("ingest", [&](section& in) { read_ingest(in, out.ingest); });
  root.table("sources", [&](section& in) { read_sources(in, out); });
  root.table("actors", [&](section& in) {
    in.integer("max_live_projects", out.actors.max_live_projects, 1, 100'000'000);
    in.integer("scheduler_threads", out.actors.scheduler_threads, 0, 1024);
  });
  root.table("auth", [&](section& in) { read_auth(in, base, out.auth); });
  root.table("rules", [&](section& in) {
    in.texts("files", [&](const std::string& value) -> std::string {
      auto file = beside(base, value);
      if (!is_readable(file)) return fmt::format("{} cannot be read", file.string());
      out.rules.files.push_back(std::move(file));
      return {};
    });
  });
  root.table("notifications", [&](section& in) { read_notifications(in, base, out.notifications); });
  root.table("webhooks", [&](section& in) { read_event_webhooks(in, base, out.webhooks); });
  root.table("privacy", [&](section& in) { read_privacy(in, base, out.privacy); });
  root.table("retention", [&](section& in) { read_retention(in, out.retention); });
  root.finish();
  return out;
}

}  // namespace

std::string config_error::message() const {
  return line == 0 ? fmt::format("{}: {}", file, reason) : fmt::format("{}:{}: {}", file, line, reason);
}

const std::vector<std::string>& known_sources() {
  static const std::vector<std::string> names{"erp", "oms",       "tms",              "tms_lastmile", "wfm",
                                              "crm", "ecommerce", "inspiration_tool", "manual"};
  return names;
}

result<settings> parse_settings(std::string_view toml, const fs::path& file) {
  const auto refused = [&](std::uint32_t line, std::string reason) {
    return tl::make_unexpected(config_error{file.string(), line, std::move(reason)});
  };
  try {
    return read_root(toml::parse(toml, file.string()), file.parent_path());
  } catch (const toml::parse_error& error) {
    return refused(error.source().begin.line, std::string(error.description()));
  } catch (const refusal& error) {
    return refused(error.line, error.reason);
  }
}

result<settings> read_settings(const fs::path& file) {
  if (!is_readable(file)) return tl::make_unexpected(config_error{file.string(), 0, "the file cannot be read"});
  std::ifstream in(file, std::ios::binary);
  return parse_settings(std::string(std::istreambuf_iterator<char>(in), {}), file);
}

}  // namespace plo::config
