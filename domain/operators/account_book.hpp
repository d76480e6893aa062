// All operator accounts as they stand at one place of the log: a fold of the `operators` stream.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "domain/event/event.hpp"
#include "domain/event/role.hpp"

namespace plo::operators {

using plo::user_id;

inline constexpr std::size_t max_accounts = 10'000;
inline constexpr std::size_t max_email_bytes = 254;
inline constexpr std::size_t max_name_bytes = 200;
inline constexpr std::size_t min_password_bytes = 8;
inline constexpr std::size_t max_password_bytes = 1024;
inline constexpr std::size_t max_places = 50;  // of one account: the oldest is forgotten
inline constexpr milliseconds place_is_known = std::chrono::hours(24 * 30);
inline constexpr milliseconds place_is_noted_again = std::chrono::hours(24);

struct account {
  user_id id;
  std::string email;  // as it was given
  std::string name;
  plo::role role = role::viewer;
  bool active = true;
  instant created_at{};
  std::string password_hash;  // empty: nobody can log in
  // Counts what ends the sessions that are open: another password, another switch of `active`. A session names the version it began at.
  std::uint32_t credentials = 0;
  std::map<std::string, instant, std::less<>> places;  // digests of the addresses it was used from → when that was last written down

  /// Within the last 30 days.
  [[nodiscard]] bool was_used_from(std::string_view place, instant now) const;
  /// Whether it is time to write down that it is used from there (again).
  [[nodiscard]] bool should_note(std::string_view place, instant now) const;
};

/// `{user_id, email, name, role, active, created_at}`: all but the secrets.
[[nodiscard]] std::string to_json(const account& who);

/// Types of the stream. Data: `{user_id, email, name, role, active}`, of a change only what changed; `{user_id, password_hash}`;
/// `{user_id}`; `{user_id, session_id, expires_at}`; `{user_id, place}`, a keyed digest of the address that it was used from.
namespace account_event {
inline constexpr std::string_view added = "operator.added";
inline constexpr std::string_view changed = "operator.changed";
inline constexpr std::string_view password_set = "operator.password_set";
inline constexpr std::string_view removed = "operator.removed";
inline constexpr std::string_view logged_out = "operator.logged_out";
inline constexpr std::string_view logged_in = "operator.logged_in";  // from an address that is not known, or no longer
}  // namespace account_event

/// The form in which e-mail addresses are compared: ASCII letters in lower case.
[[nodiscard]] std::string fold_email(std::string_view email);
/// `local@domain`, without white space and control characters, of a length that mail can carry.
[[nodiscard]] bool is_email(std::string_view text);

class account_book {
public:
  using entry_pointer = std::shared_ptr<const account>;

  [[nodiscard]] stream_version version() const { return version_; }
  [[nodiscard]] const account* find(const user_id& id) const;
  [[nodiscard]] const account* find_email(std::string_view email) const;
  /// By the folded address.
  [[nodiscard]] const std::map<std::string, entry_pointer, std::less<>>& all() const { return by_email_; }
  [[nodiscard]] bool has_active_admin() const { return active_admins_ > 0; }
  [[nodiscard]] std::size_t active_admins() const { return active_admins_; }
  /// The address of an account, removed ones included; empty when there never was one.
  [[nodiscard]] std::string_view email_of(const user_id& id) const;
  /// The account of an address, or the last one that had it.
  [[nodiscard]] std::optional<user_id> id_of(std::string_view email) const;
  /// Whether a session was ended by its owner and has not run out since.
  [[nodiscard]] bool has_ended(std::string_view session_id) const { return ended_sessions_.contains(session_id); }

  /// Folds an event of the stream. Total: what it does not understand changes nothing but the version.
  void evolve(const event& e);

private:
  void put(account next);
  void take_away(const account& gone);

  stream_version version_;
  std::map<std::string, entry_pointer, std::less<>> by_email_;
  std::map<user_id, entry_pointer> by_id_;
  std::map<user_id, std::string> emails_;                        // of every account there ever was
  std::map<std::string, user_id, std::less<>> last_owner_;       // folded address → the last account that had it
  std::map<std::string, instant, std::less<>> ended_sessions_;   // → when they would have run out
  std::size_t active_admins_ = 0;
};

using account_book_pointer = std::shared_ptr<const account_book>;

/// A change of the accounts that somebody asks for.
struct account_command {
  enum class verb : std::uint8_t { add, change, set_password, remove, log_out, log_in };
  verb what = verb::add;
  user_id user;  // all but add, whose account gets the id of its event
  // add, change; empty: stays as it is
  std::optional<std::string> email, name;
  std::optional<plo::role> role;
  std::optional<bool> active;
  std::string password_hash;  // add, set_password
  std::string session_id;     // log_out
  instant expires_at{};       // log_out
  std::string place;          // log_in
};

/// Why a command cannot be carried out.
enum class account_refusal : std::uint8_t { unknown_user, email_in_use, last_admin, too_many };
/// A sentence for people.
[[nodiscard]] std::string_view to_string(account_refusal refusal);

/// Pure: the events of a command, none where nothing changes. `like` carries id, times, kind and author of the events that are made.
[[nodiscard]] tl::expected<std::vector<event>, account_refusal> decide(const account_book& accounts, const account_command& command,
                                                                       const event& like);

}  // namespace plo::operators
