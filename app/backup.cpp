#include "app/backup.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "actors/outbox/curl_transfer.hpp"
#include "app/control_file.hpp"
#include "app/exit_status.hpp"
#include "app/validators.hpp"
#include "base/json.hpp"
#include "eventstore/backup/backup.hpp"

namespace plo::app {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using eventstore::store_error;

constexpr double megabyte = 1e6;

/// Says on standard error what is being done and how far it is: in place on a terminal, a line now and then elsewhere.
class step_display {
public:
  void operator()(std::string_view doing, std::uint64_t done, std::uint64_t total) {
    const auto now = std::chrono::steady_clock::now();
    const auto pause = is_terminal_ ? 100ms : 2000ms;
    if (now - shown_at_ < pause) return;
    shown_at_ = now;
    shown_ = true;
    const auto share = total == 0 ? std::string() : fmt::format(" {:3.0f}%", 100.0 * static_cast<double>(std::min(done, total)) / static_cast<double>(total));
    fmt::print(stderr, "{}{:<24}{}{}", is_terminal_ ? "\r" : "", doing, share, is_terminal_ ? "" : "\n");
    std::fflush(stderr);
  }
  void finish() const {
    if (shown_ && is_terminal_) fmt::print(stderr, "\r{:<40}\r", "");
  }

private:
  bool is_terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool shown_ = false;
  std::chrono::steady_clock::time_point shown_at_ = std::chrono::steady_clock::now();
};

/// The server that holds the data directory.
class control_client {
public:
  explicit control_client(control_access access) : access_(std::move(access)), transfer_(never_) {}

  /// Has the server take a backup; empty when nobody answers there any more.
  std::optional<std::uint32_t> take_backup(const fs::path& to, step_display& show) {
    json_writer json;
    json.begin_object().field("to", to.string()).end_object();
    const std::string wish = json.str();
    if (const auto reached = ask(&wish); !reached) return std::nullopt;
    else check(*reached, 202);
    for (;;) {
      std::this_thread::sleep_for(100ms);
      const auto now = ask(nullptr);
      if (!now) throw store_error("the server ended during the backup");
      check(*now, 200);
      const auto document = json_document::parse(now->body);
      if (!document) throw store_error("the server answers nonsense");
      const auto root = document->root();
      const auto state = json::get_string(root, "state");
      const auto number = [&](std::string_view name) { return static_cast<std::uint64_t>(json::get_number(root, name).value_or(0)); };
      if (state == "failed") throw store_error(std::string(json::get_string(root, "error").value_or("the backup failed")));
      if (state == "done") return static_cast<std::uint32_t>(number("id"));
      if (state != "running") throw store_error("the server has forgotten the backup");
      show("copying the log", number("copied_bytes"), number("total_bytes"));
    }
  }

private:
  struct reply {
    long status;
    std::string body;
  };

  static std::size_t keep(char* text, std::size_t size, std::size_t count, void* kept) {
    static_cast<std::string*>(kept)->append(text, size * count);
    return size * count;
  }

  /// Posts `body`, or asks how far it is.
  std::optional<reply> ask(const std::string* body) {
    transfer_.begin(access_.url + "/control/backup", 30s, "", true);
    transfer_.set(CURLOPT_PROTOCOLS_STR, "http");
    transfer_.set(CURLOPT_NOPROXY, "*");
    actors::curl_list headers;
    headers.add("Content-Type: application/json");
    headers.add("Authorization: Bearer " + access_.token);
    transfer_.set(CURLOPT_HTTPHEADER, headers.get());
    if (body != nullptr) {
      transfer_.set(CURLOPT_POST, 1L);
      transfer_.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
      transfer_.set(CURLOPT_POSTFIELDS, body->c_str());
    }
    reply answer{0, {}};
    transfer_.set(CURLOPT_WRITEFUNCTION, &keep);
    transfer_.set(CURLOPT_WRITEDATA, static_cast<void*>(&answer.body));
    if (transfer_.perform() != CURLE_OK) return std::nullopt;
    answer.status = transfer_.response_code();
    return answer;
  }

  static void check(const reply& answer, long expected) {
    if (answer.status == expected) return;
    const auto document = json_document::parse(answer.body);
    const auto detail = document ? json::get_string(document->root(), "detail") : std::nullopt;
    throw store_error(fmt::format("the server answers {}: {}", answer.status, detail.value_or("nothing more")));
  }

  control_access access_;
  std::atomic<bool> never_{false};
  actors::curl_transfer transfer_;
};

bool lies_in(const fs::path& inner, const fs::path& outer) {
  const auto relative = fs::weakly_canonical(inner).lexically_relative(fs::weakly_canonical(outer));
  return !relative.empty() && *relative.begin() != "..";
}

std::string described(const eventstore::backup_entry& backup) {
  return fmt::format("backup {} of {}: position {}, hash {}", backup.id, backup.taken_at, backup.head.last.value, eventstore::to_hex(backup.head.hash));
}

}  // namespace

backup_commands::backup_commands(CLI::App& cli) {
  backup_ = cli.add_subcommand("backup", "Add a backup of a data directory to those at another one, and prove it; a server on it goes on");
  backup_->footer(
      "Only what is new is copied. The read models are not part of it: they are rebuilt after a restoration.\n"
      "Whoever can read the backups can read everything in the log, and what the keys in them open: guard them as the data directory itself.\n"
      "Examples:\n"
      "  plo backup --data /var/lib/plo --to /backup/plo\n"
      "  plo backup --data /var/lib/plo --to /backup/plo --keep 30");
  backup_->add_option("--data", data_, "Data directory")->required()->check(names_something);
  backup_->add_option("--to", to_, "Where the backups are; made if it is not there")->required()->check(names_something);
  backup_->add_option("--keep", keep_, "How many backups are kept; 0: all")->capture_default_str();

  restore_ = cli.add_subcommand("restore", "Make a data directory out of a backup, and prove it");
  restore_->footer(
      "The data directory must be empty or not be there.\n"
      "Examples:\n"
      "  plo restore --from /backup/plo --data /var/lib/plo\n"
      "  plo restore --from /backup/plo --list\n"
      "  plo restore --from /backup/plo --data /tmp/then --id 12");
  restore_->add_option("--from", from_, "Where the backups are")->required()->check(names_something);
  restore_->add_option("--data", data_, "The data directory to make")->check(names_something);
  restore_->add_option("--id", id_, "Which backup; the latest without it");
  restore_->add_flag("--list", lists_, "Only say which backups there are");
}

bool backup_commands::parsed() const { return backup_->parsed() || restore_->parsed(); }
int backup_commands::run() const { return backup_->parsed() ? backup() : restore(); }

int backup_commands::backup() const {
  const auto started = std::chrono::steady_clock::now();
  const fs::path data = fs::absolute(data_);
  const fs::path to = fs::absolute(to_).lexically_normal();
  if (!fs::exists(data / "log")) throw store_error(fmt::format("there is no log at {}", (data / "log").string()));
  if (lies_in(to, data) || lies_in(data, to)) {
    std::cerr << "plo: --to " << to_ << ": a backup inside of what it saves, or around it, is none\n";
    return bad_usage;
  }
  const eventstore::backup_lock lock(to);
  const auto bytes_before = eventstore::size_on_disk(to);
  step_display show;
  const eventstore::backup_progress progress = [&show](std::string_view doing, std::uint64_t so_far, std::uint64_t total) { show(doing, so_far, total); };
  try {
    std::optional<std::uint32_t> id;
    if (const auto access = read_control_file(data)) id = control_client(*access).take_backup(to, show);
    if (!id) {
      // Nobody holds the store, or opening it says who.
      const std::atomic<bool> never{false};
      id = eventstore::take_backup(*eventstore::open_log_store(data, eventstore::open_mode::read_write), to, progress, never);
    }
    const auto report = eventstore::finish_backup(data, to, *id, keep_, bytes_before, progress);
    show.finish();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    fmt::print("{}\n{:.1f} MB, of these {:.1f} MB new; proved, in {:.1f} s; {} backups at {}\n", described(report.made), static_cast<double>(report.made.bytes) / megabyte,
               static_cast<double>(report.new_bytes) / megabyte, took.count(), report.kept, to.string());
    return done;
  } catch (const eventstore::store_damaged& damage) {
    show.finish();
    std::cerr << "plo: there is no new backup: " << damage.what() << "\n";
    return check_failed;
  }
}

int backup_commands::restore() const {
  try {
    if (lists_) {
      for (const auto& backup : eventstore::list_backups(from_)) fmt::print("{}\n", described(backup));
      return done;
    }
    if (data_.empty()) throw eventstore::bad_restore("--data is required");
    step_display show;
    const auto restored = eventstore::restore_backup(
        from_, data_, id_ == 0 ? std::nullopt : std::optional(id_),
        [&show](std::string_view doing, std::uint64_t so_far, std::uint64_t total) { show(doing, so_far, total); });
    show.finish();
    fmt::print("{}\nrestored to {} and proved\n", described(restored), data_);
    return done;
  } catch (const eventstore::bad_restore& mistake) {
    std::cerr << "plo: " << mistake.what() << "\n";
    return bad_usage;
  } catch (const eventstore::store_damaged& damage) {
    std::cerr << "plo: nothing was restored: " << damage.what() << "\n";
    return check_failed;
  }
}

}  // namespace plo::app
