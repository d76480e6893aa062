// PLO's own sessions: tokens for those who logged in with a password.
//
// A token names an account and the version of its credentials. What the account may do is looked up at every request, so that a changed
// role, a removed account or another password holds at once.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "domain/event/ids.hpp"
#include "http/auth/accounts.hpp"
#include "http/auth/token_verifier.hpp"

namespace plo::http {

class session_tokens final : public token_verifier {
public:
  session_tokens(std::string secret, milliseconds lifetime, accounts_view accounts);

  [[nodiscard]] std::string issue(const account_standing& who, instant now) const;
  [[nodiscard]] std::optional<identity> verify(std::string_view token, instant now) const override;

  /// Of a valid token: what ends it.
  struct session {
    user_id user;
    std::string id;
    instant expires_at{};
  };
  [[nodiscard]] std::optional<session> session_of(std::string_view token, instant now) const;
  /// What the log keeps of an address: it can be recognised, and not be read.
  [[nodiscard]] std::string address_digest(std::string_view address) const;
  [[nodiscard]] milliseconds lifetime() const { return lifetime_; }
  [[nodiscard]] const std::string& secret() const { return secret_; }

private:
  std::string secret_;
  milliseconds lifetime_;
  accounts_view accounts_;
};

/// The secret kept in a file, readable by its owner alone: made when it is not there yet.
/// Throws std::runtime_error when it can be neither read nor written.
[[nodiscard]] std::string kept_secret(const std::filesystem::path& file);

}  // namespace plo::http
