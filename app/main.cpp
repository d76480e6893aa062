// plo: one binary, several subcommands.
#include <exception>
#include <filesystem>
#include <iostream>

#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <sodium.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "app/backup.hpp"
#include "app/commands.hpp"
#include "app/demo.hpp"
#include "app/exit_status.hpp"
#include "app/replay.hpp"
#include "app/user.hpp"
#include "app/validators.hpp"
#include "eventstore/kv/kv_store.hpp"

namespace {

using namespace plo::app;

int run(int argc, char** argv) {
  CLI::App cli{"PLO watches client projects through their events and warns before the client feels a problem.", "plo"};
  cli.require_subcommand(1);
  cli.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string("plo: ") + error.what() + "\nplo --help and plo COMMAND --help say more.\n";
  });

  serve_options serving;
  auto* serve_command = cli.add_subcommand("serve", "Run the server until SIGTERM");
  serve_command->footer("Example: plo serve --config config/plo.toml --data /var/lib/plo --listen 127.0.0.1:8080");
  serve_command->add_option("--config", serving.config, "Configuration file (TOML)")->required();
  serve_command->add_option("--data", serving.data, "Data directory; wins over the file")->check(names_something);
  serve_command->add_option("--listen", serving.listen, "HOST:PORT; wins over the file; port 0 picks a free one");
  serve_command->add_option("--clock", serving.clock, "What deadlines run on: real time, or the events' own time")
      ->check(CLI::IsMember({"wall", "event"}))
      ->capture_default_str();

  import_options importing;
  auto* import_command = cli.add_subcommand("import", "Load a file of ingest events into a store, without a server");
  import_command->footer("Example: plo import orders.ndjson --config config/plo.toml --data data --clock event");
  import_command->add_option("file", importing.file, "NDJSON, one ingest event a line; - reads standard input")->required();
  import_command->add_option("--config", importing.config, "Configuration file (TOML)")->required();
  import_command->add_option("--data", importing.data, "Data directory")->required()->check(names_something);
  import_command->add_option("--clock", importing.clock, "What deadlines run on: real time, or the events' own time")
      ->check(CLI::IsMember({"wall", "event"}))
      ->capture_default_str();

  auto* rules_command = cli.add_subcommand("rules", "Work with rule files");
  rules_command->require_subcommand(1);
  std::vector<std::string> rule_files;
  auto* check_command = rules_command->add_subcommand("check", "Say what is wrong with rule files, and where");
  check_command->footer("Example: plo rules check config/rules.toml");
  check_command->add_option("files", rule_files, "Rule files (TOML)")->required();

  auto* user_command = cli.add_subcommand("user", "Add accounts, set passwords, list them; while no server runs on the data");
  user_command->require_subcommand(1);
  user_options user;
  const auto add_user_command = [&](const char* action, const char* what, bool about_one) {
    auto* command = user_command->add_subcommand(action, what);
    if (about_one) {
      command->add_option("email", user.email, "E-mail address")->required();
      command->add_flag("--password-stdin", user.password_from_stdin, "Read the password from standard input instead of asking");
    }
    command->add_option("--data", user.data, "Data directory; wins over the file")->check(names_something);
    command->add_option("--config", user.config, "Configuration file (TOML) that names the data directory");
    return command;
  };
  auto* add_command = add_user_command("add", "Add an account", true);
  add_command->footer("Example: plo user add ops@example.org --role admin --data /var/lib/plo");
  add_command->add_option("--role", user.role, "admin, operator or viewer")->capture_default_str();
  add_command->add_option("--name", user.name, "The person's name");
  add_user_command("passwd", "Set the password of an account", true);
  add_user_command("list", "List the accounts", false);

  replay_command replaying(cli);

  const backup_commands saving(cli);

  demo_options demonstrating;
  auto* demo_command = cli.add_subcommand("demo", "Serve made-up projects at every stage, from a store that goes away with the process");
  demo_command->add_option("--listen", demonstrating.listen, "HOST:PORT; port 0 picks a free one");

  simulate_options simulating;
  std::vector<std::string> source_keys;
  auto* simulate_command = cli.add_subcommand("simulate", "Push events to a running server as the source systems would");
  simulate_command->footer("Example: plo simulate --url http://127.0.0.1:8080 --rate 5");
  simulate_command->add_option("--url", simulating.url, "The server")->capture_default_str();
  simulate_command->add_option("--rate", simulating.rate, "Events a second")->check(CLI::Range(0.01, 10'000.0))->capture_default_str();
  simulate_command->add_option("--seconds", simulating.seconds, "Stop after so long; else on Ctrl-C")->check(CLI::Range(0.1, 1e8));
  simulate_command->add_option("--seed", simulating.seed, "The same seed plays the same projects");
  simulate_command->add_option("--key", source_keys, "SOURCE=KEY, for each source whose key is not dev-SOURCE");

  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli.exit(error) == 0 ? done : bad_usage;
  }
  // What is written here is for its owner: keys, names, addresses. What the audit tool writes is for whoever asked for it.
  if (!replaying.parsed()) ::umask(S_IRWXG | S_IRWXO);
  if (serve_command->parsed()) return serve(serving);
  if (check_command->parsed()) return check_rules(rule_files);
  if (replaying.parsed()) return replaying.run();
  if (saving.parsed()) return saving.run();
  if (demo_command->parsed()) return demo(demonstrating);
  if (simulate_command->parsed()) {
    for (const auto& text : source_keys) {
      const auto equals = text.find('=');
      if (equals == 0 || equals == std::string::npos) {
        std::cerr << "plo: --key " << text << ": SOURCE=KEY is needed\n";
        return bad_usage;
      }
      simulating.keys[text.substr(0, equals)] = text.substr(equals + 1);
    }
    if (!simulating.url.starts_with("http://") && !simulating.url.starts_with("https://")) {
      std::cerr << "plo: --url " << simulating.url << ": http://HOST:PORT is needed\n";
      return bad_usage;
    }
    return simulate(simulating);
  }
  if (user_command->parsed()) {
    user.action = user_command->get_subcommands().front()->get_name();
    return manage_users(user);
  }
  return import_events(importing);
}

}  // namespace

int main(int argc, char** argv) {
  // Standard output carries what the contract promises; everything else goes to standard error.
  spdlog::set_default_logger(spdlog::stderr_logger_mt("plo"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  spdlog::flush_on(spdlog::level::info);
  if (sodium_init() < 0) {
    std::cerr << "plo: libsodium cannot be initialised\n";
    return store_unusable;
  }
  try {
    return run(argc, argv);
  } catch (const plo::eventstore::store_error& failure) {
    std::cerr << "plo: the store cannot be used: " << failure.what() << "\n";
    return store_unusable;
  } catch (const std::filesystem::filesystem_error& failure) {
    std::cerr << "plo: the store cannot be used: " << failure.what() << "\n";
    return store_unusable;
  } catch (const std::exception& failure) {
    std::cerr << "plo: " << failure.what() << "\n";
    return bad_usage;
  }
}
