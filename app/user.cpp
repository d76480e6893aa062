#include "app/user.hpp"

#include <filesystem>
#include <iostream>

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include "actors/operators/entity.hpp"
#include "app/exit_status.hpp"
#include "app/wiring.hpp"
#include "http/auth/passwords.hpp"

namespace plo::app {

namespace {

using operators::account_command;

int refuse_usage(std::string_view why) {
  std::cerr << "plo: " << why << "\n";
  return bad_usage;
}

/// Turns the terminal's echo off while it lives.
class silent_terminal {
public:
  silent_terminal() : known_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!known_) return;
    auto silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~silent_terminal() {
    if (known_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  silent_terminal(const silent_terminal&) = delete;
  silent_terminal& operator=(const silent_terminal&) = delete;

private:
  termios before_{};
  bool known_;
};

std::string ask(std::string_view prompt) {
  std::cerr << prompt << std::flush;
  std::string line;
  {
    const silent_terminal silent;
    std::getline(std::cin, line);
  }
  std::cerr << "\n";
  return line;
}

/// The password, from a pipe or typed twice; empty and a complaint when there is none.
std::string read_new_password(bool from_stdin) {
  std::string password;
  if (from_stdin) {
    std::getline(std::cin, password);
    if (!password.empty() && password.back() == '\r') password.pop_back();
  } else if (::isatty(STDIN_FILENO) == 0) {
    std::cerr << "plo: there is no terminal to ask for the password: use --password-stdin\n";
    return {};
  } else {
    password = ask("password: ");
    if (ask("once more: ") != password) {
      std::cerr << "plo: the two are not the same\n";
      return {};
    }
  }
  if (password.size() >= operators::min_password_bytes && password.size() <= operators::max_password_bytes) return password;
  std::cerr << fmt::format("plo: a password must have {} to {} bytes\n", operators::min_password_bytes, operators::max_password_bytes);
  return {};
}

void print_users(const operators::account_book& accounts) {
  for (const auto& [folded, who] : accounts.all())
    fmt::print("{}  {:<8}  {:<8}  {}{}\n", who->id.to_string(), to_string(who->role), who->active ? "active" : "inactive", who->email,
               who->name.empty() ? "" : fmt::format("  ({})", who->name));
}

/// Appends what the command comes to, as the running server would.
int store(eventstore::log& log, operators::account_book accounts, const account_command& command) {
  auto like = actors::event_now(event_kind::operator_);
  like.comment = "plo user";
  auto decided = operators::decide(accounts, command, like);
  if (!decided) {
    std::cerr << "plo: " << to_string(decided.error()) << "\n";
    return check_failed;
  }
  std::vector<eventstore::append_request> group(1);
  group.front().appends.push_back({stream_id::operators(), accounts.version(), std::move(*decided)});
  const auto outcome = log.append(std::move(group));
  if (!outcome.front()) throw eventstore::store_error("somebody else writes to it");
  for (const auto& e : *outcome.front()) accounts.evolve(e);
  const auto* who = command.email ? accounts.find_email(*command.email) : accounts.find(command.user);
  fmt::print("{}\n", to_json(*who));
  return done;
}

}  // namespace

int manage_users(const user_options& options) {
  std::string data_dir = options.data.value_or("");
  if (options.config) {
    const auto settings = load_settings(*options.config);
    if (!settings) return bad_usage;
    if (data_dir.empty()) data_dir = settings->server.data_dir.string();
  }
  if (data_dir.empty()) return refuse_usage("say where the data is: --data DIR or --config FILE");
  account_command command;
  if (options.action == "add") {
    command.email = options.email;
    command.name = options.name;
    command.role = parse_role(options.role);
    if (!operators::is_email(options.email)) return refuse_usage(options.email + " is not an e-mail address");
    if (!command.role) return refuse_usage("--role must be admin, operator or viewer");
    if (options.name.size() > operators::max_name_bytes) return refuse_usage("the name is too long");
  }
  // A mistyped folder is no empty one.
  if (options.action != "add" && !std::filesystem::is_directory(std::filesystem::path(data_dir) / "log"))
    throw eventstore::store_error(data_dir + " holds no log");
  own_folder(data_dir);
  const auto log = eventstore::open_rocksdb_log(data_dir);
  auto accounts = actors::load_accounts(*log);
  if (options.action == "list") {
    print_users(accounts);
    return done;
  }
  if (options.action == "passwd") {
    const auto* who = accounts.find_email(options.email);
    if (who == nullptr) {
      std::cerr << "plo: there is no user " << options.email << "\n";
      return check_failed;
    }
    command.what = account_command::verb::set_password;
    command.user = who->id;
  }
  const auto password = read_new_password(options.password_from_stdin);
  if (password.empty()) return bad_usage;
  command.password_hash = http::hash_password(password);
  return store(*log, std::move(accounts), command);
}

}  // namespace plo::app
