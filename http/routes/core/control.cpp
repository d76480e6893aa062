// What `plo backup` asks of the server that holds the store. Whoever can read DATA/control.json may: it has the token.
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>

#include <spdlog/spdlog.h>

#include "base/json.hpp"
#include "eventstore/backup/backup.hpp"
#include "http/commands/command_body.hpp"
#include "http/routes/core/routes.hpp"
#include "http/server/service.hpp"

namespace plo::http {

namespace {

/// One backup at a time, on a thread of its own: it copies for as long as it takes.
class backup_job {
public:
  explicit backup_job(service& s) : service_(s) {}
  ~backup_job() {
    if (thread_.joinable()) thread_.join();
  }
  backup_job(const backup_job&) = delete;
  backup_job& operator=(const backup_job&) = delete;

  /// False while one is under way.
  bool start(const std::filesystem::path& to) {
    const std::lock_guard lock(guard_);
    if (state_ == "running" || service_.stopping) return false;
    if (thread_.joinable()) thread_.join();
    state_ = "running";
    to_ = to.string();
    error_.clear();
    id_ = 0;
    done_ = total_ = 0;
    thread_ = std::thread([this] { run(); });
    return true;
  }

  [[nodiscard]] std::string to_json() const {
    const std::lock_guard lock(guard_);
    json_writer json;
    json.begin_object().field("state", state_);
    if (!to_.empty()) json.field("to", to_).field("copied_bytes", done_).field("total_bytes", total_);
    if (id_ != 0) json.field("id", id_);
    if (!error_.empty()) json.field("error", error_);
    json.end_object();
    return json.str();
  }

private:
  void run() {
    std::uint32_t id = 0;
    std::string error;
    spdlog::info("a backup to {} begins", to_);
    try {
      const auto progress = [this](std::string_view, std::uint64_t done, std::uint64_t total) {
        const std::lock_guard lock(guard_);
        done_ = done;
        total_ = total;
      };
      id = eventstore::take_backup(service_.engine.log().store(), to_, progress, service_.stopping);
      spdlog::info("backup {} to {} is taken", id, to_);
    } catch (const std::exception& failure) {
      error = failure.what();
      spdlog::error("the backup to {} failed: {}", to_, error);
    }
    const std::lock_guard lock(guard_);
    id_ = id;
    error_ = std::move(error);
    state_ = error_.empty() ? "done" : "failed";
  }

  service& service_;
  mutable std::mutex guard_;
  std::string_view state_ = "idle";
  std::string to_, error_;
  std::uint32_t id_ = 0;
  std::uint64_t done_ = 0, total_ = 0;
  std::thread thread_;
};

task<answer> post_backup(backup_job& job, request& r) {
  command_body body(r, {"to"});
  const std::filesystem::path to = body.required_text("to");
  if (!to.is_absolute()) body.fault("to", "an absolute path is needed");
  if (body.refusal()) co_return response(*body.refusal());
  if (!job.start(to)) co_return response(make_problem(409, "a backup is under way, or the server stops"));
  co_return response(202, job.to_json());
}

task<answer> get_backup(backup_job& job, request& /*r*/) {
  co_return response(200, job.to_json());
}

}  // namespace

void add_control_routes(router& routes, service& s) {
  const auto job = std::make_shared<backup_job>(s);
  routes.add({"POST", "/control/backup", [job](request& r) { return post_backup(*job, r); }, 64 * 1024, access::control});
  routes.add({"GET", "/control/backup", [job](request& r) { return get_backup(*job, r); }, 0, access::control});
}

}  // namespace plo::http
