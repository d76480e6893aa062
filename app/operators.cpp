#include "app/operators.hpp"

#include <cstdlib>
#include <future>
#include <stdexcept>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "http/auth/passwords.hpp"
#include "http/auth/session_tokens.hpp"

namespace plo::app {

namespace {

constexpr std::size_t good_secret_bytes = 32;
constexpr std::chrono::seconds time_to_add_admin{30};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::optional<plo::role> role_named(const std::string& name) { return parse_role(name); }

}  // namespace

http::auth_settings auth_settings_of(const config::settings& settings) {
  http::auth_settings to;
  to.session = settings.auth.session;
  to.public_url = settings.server.public_url;
  to.secret = variable(settings.auth.jwt_secret_env.c_str());
  if (to.secret.empty()) to.secret = http::kept_secret(settings.server.data_dir / "session_secret");
  else if (to.secret.size() < good_secret_bytes)
    spdlog::warn("{} is shorter than {} bytes: sessions signed with it can be forged by whoever guesses it", settings.auth.jwt_secret_env,
                 good_secret_bytes);
  if (const auto& from = settings.auth.oidc) {
    http::oidc_settings oidc{from->issuer, from->audience, from->jwks_file, from->role_claim, from->email_claim, {}};
    for (const auto& [value, role] : from->roles) oidc.roles.emplace(value, *role_named(role));
    to.oidc = std::move(oidc);
  }
  return to;
}

void add_first_admin(actors::engine& engine) {
  if (engine.accounts()->has_active_admin()) return;
  operators::account_command command;
  command.email = variable("PLO_ADMIN_EMAIL");
  const auto password = variable("PLO_ADMIN_PASSWORD");
  if (command.email->empty() && password.empty()) {
    spdlog::warn("there is no administrator yet: set PLO_ADMIN_EMAIL and PLO_ADMIN_PASSWORD, or run plo user add");
    return;
  }
  if (!operators::is_email(*command.email)) throw std::runtime_error("PLO_ADMIN_EMAIL is not an e-mail address");
  if (password.empty() || password.size() > operators::max_password_bytes)
    throw std::runtime_error(fmt::format("PLO_ADMIN_PASSWORD must have 1 to {} bytes", operators::max_password_bytes));
  // Whoever starts the server decides; the API asks for more.
  if (password.size() < operators::min_password_bytes) spdlog::warn("PLO_ADMIN_PASSWORD is shorter than {} bytes", operators::min_password_bytes);
  command.role = plo::role::admin;
  command.password_hash = http::hash_password(password);
  const auto promise = std::make_shared<std::promise<actors::account_reply>>();
  auto added = promise->get_future();
  engine.change_accounts(std::move(command), {}, "the first administrator",
                         actors::account_completion([promise](actors::account_reply reply) { promise->set_value(std::move(reply)); }));
  if (added.wait_for(time_to_add_admin) != std::future_status::ready) throw std::runtime_error("the first administrator could not be stored");
  const auto reply = added.get();
  if (reply.refusal) throw std::runtime_error(fmt::format("PLO_ADMIN_EMAIL: {}; plo user can make it an administrator", to_string(*reply.refusal)));
  if (reply.what != actors::account_reply::outcome::done) throw eventstore::store_error("it takes no writes");
}

}  // namespace plo::app
